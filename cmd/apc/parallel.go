package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel runs f on every item, on all cores, and returns the results in the
// order of the items. A panic in f is raised again in the caller.
func parallel[T, R any](items []T, f func(T) R) []R {
	return concurrently(runtime.GOMAXPROCS(0), items, f)
}

// concurrently does as parallel with a number of workers, for work that waits
// for the disk.
func concurrently[T, R any](workers int, items []T, f func(T) R) []R {
	out := make([]R, len(items))
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	var caught any
	for range min(workers, len(items)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() {
				if r := recover(); r != nil {
					mu.Lock()
					caught = r
					mu.Unlock()
				}
			}()
			for i := next.Add(1) - 1; i < int64(len(items)); i = next.Add(1) - 1 {
				out[i] = f(items[i])
			}
		}()
	}
	wg.Wait()
	if caught != nil {
		panic(caught)
	}
	return out
}
