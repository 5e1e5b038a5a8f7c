package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/qem-exporter/qem_exporter/internal/app"
	"github.com/qem-exporter/qem_exporter/internal/config"
)

// checkConfigs tells every problem of every file, of the environment when there is no
// file, and of the web configuration file; and what is legal and yet a likely slip.
func (f *flags) checkConfigs() int {
	code := 0
	fail := func(err error) {
		code = 1
		fmt.Fprintln(os.Stderr, err) // names the file, one problem a line
	}
	tell := func(name string, cfg *config.Config, err error) {
		if err != nil {
			fail(err)
			return
		}
		for _, w := range cfg.Warnings() {
			fmt.Fprintf(os.Stderr, "warning: %s\n", w)
		}
		noun := "Enterprise Managers"
		if len(cfg.Managers()) == 1 {
			noun = "Enterprise Manager"
		}
		fmt.Printf("%s: ok, %d %s\n", name, len(cfg.Managers()), noun)
	}
	for _, file := range f.checkFiles {
		cfg, err := config.Load(file, os.Environ())
		tell(file, cfg, err)
	}
	if len(f.checkFiles) == 0 && (f.app.WebConfigFile == "" || f.configFile != "" || os.Getenv("QEM_URL") != "") {
		name := f.configFile
		if name == "" {
			name = "environment"
		}
		cfg, err := f.load()
		tell(name, cfg, err)
	}
	if file := f.app.WebConfigFile; file != "" {
		if err := toolkit.Validate(file); err != nil {
			fail(fmt.Errorf("%s: %w", file, err))
		} else {
			fmt.Printf("%s: ok\n", file)
		}
	}
	return code
}

// healthTimeout bounds what a container's health check waits for.
const healthTimeout = 5 * time.Second

// askHealth asks the daemon that was started with the same flags how it is. One that
// wants a password or a client's certificate answers, which is all that can be known.
func (f *flags) askHealth(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	address, err := net.ResolveTCPAddr("tcp", f.app.ListenAddresses[0])
	if err != nil {
		return fmt.Errorf("--web.listen-address %s: %w", f.app.ListenAddresses[0], err)
	}
	if address.IP == nil || address.IP.IsUnspecified() {
		address.IP = net.IPv4(127, 0, 0, 1) // the container's image has nothing that knows "localhost"
	}
	url := app.LocalURL(address, f.app.WebConfigFile) + strings.TrimSuffix(f.routePrefix(), "/") + "/-/healthy"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		// It is this machine that is asked, by an address that no certificate has.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec
	}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		fmt.Printf("%s: answers, and wants a certificate: %s\n", url, alert)
		return nil
	}
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusUnauthorized {
		fmt.Printf("%s: %s\n", url, response.Status)
		return nil
	}
	return fmt.Errorf("not healthy: %s answers %s", url, response.Status)
}
