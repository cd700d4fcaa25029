// Argo CD's application controller and its repository server, as Argo CD makes them, and a Redis in memory for both: one program, so that what they
// share is linked once.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	repositories "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "argo-cd", SilenceUsage: true}
	controller, repositories := controller.NewCommand(), repositories.NewCommand()
	controller.Use, repositories.Use = "controller", "repositories"
	root.AddCommand(controller, repositories, redis())
	if err := root.Execute(); err != nil {
		os.Exit(1)
	}
}

// redis serves until it is told to end.
func redis() *cobra.Command {
	return &cobra.Command{Use: "redis ADDRESS", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, arguments []string) error {
		server := miniredis.NewMiniRedis()
		if err := server.StartAddr(arguments[0]); err != nil {
			return fmt.Errorf("no Redis at %s: %w", arguments[0], err)
		}
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
		<-ended
		server.Close()
		return nil
	}}
}
