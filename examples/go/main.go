// Command files serves a directory over TLS, and opens its certificate anew on
// SIGHUP.
package main

import (
	"crypto/tls"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

const (
	certificate = "/etc/files/tls/fullchain.pem"
	key         = "/etc/files/tls/privkey.pem"
	directory   = "/srv/files"
)

func main() {
	var current atomic.Pointer[tls.Certificate]
	load := func() error {
		c, err := tls.LoadX509KeyPair(certificate, key)
		if err == nil {
			current.Store(&c)
		}
		return err
	}
	if err := load(); err != nil {
		log.Fatal(err)
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		for range hup {
			if err := load(); err != nil {
				log.Print(err)
			}
		}
	}()
	server := &http.Server{
		Addr:    ":443",
		Handler: http.FileServer(http.Dir(directory)),
		TLSConfig: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return current.Load(), nil
		}},
	}
	log.Fatal(server.ListenAndServeTLS("", ""))
}
