package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"apc/lang/feature"
)

// version is set by the linker in releases.
var version = "dev"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version and the targets",
		Example: "  apc version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(a.stdout, "apc %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			for _, t := range feature.Targets() {
				fmt.Fprintf(a.stdout, "  %-14s parser %s, %s, %s\n", t.Name, t.Parser, t.ABI, t.Kernel)
			}
			return nil
		},
	}
}
