package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/config"
)

const demoConfig = `
enterprise_managers:
  - name: demo
    url: %s
    poll_interval: 5s
    max_age: 30s
    auth:
      type: active_directory
      username: %s
      domain: %s
      password: %s
    tables:
      mode: all
      limit: 300
    objectives:
      - latency: 5m
    collectors:
      endpoints: true
      endpoint_tests: {interval: 15s}
      acls: {interval: 1m}
      retention_barriers: {interval: 1m}
`

// Demo runs a simulator and the exporter that polls it until the context ends, and tells
// out where to look. The configuration is its own.
func Demo(ctx context.Context, o Options, fleet aemtest.Options, out io.Writer) error {
	account := aemtest.DefaultAccount()
	account.Role = aemtest.Admin // for what the optional collectors read
	fleet.Users = []aemtest.User{account}
	s, err := startSimulator(ctx, "127.0.0.1:0", fleet, o.Logger)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(demoConfig, s.url, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword)
	o.Load = func() (*config.Config, error) {
		return config.Parse("demo", []byte(text), func(string) string { return "" })
	}
	started := func(a *App) {
		base := LocalURL(a.Addrs()[0], o.WebConfigFile) + o.RoutePrefix
		fmt.Fprintf(out, "Metrics:      %s%s\nStatus page:  %s/\nEnterprise Manager, simulated: %s\nStop with Ctrl-C.\n",
			base, o.TelemetryPath, base, s.url)
	}
	err = Run(ctx, o, nil, started)
	return errors.Join(err, s.stop(ctx))
}

// LocalURL is where a browser on this machine reaches a listener.
func LocalURL(addr net.Addr, webConfigFile string) string {
	scheme := "http://"
	if usesTLS(webConfigFile) {
		scheme = "https://"
	}
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || tcp.IP != nil && !tcp.IP.IsUnspecified() {
		return scheme + addr.String()
	}
	return fmt.Sprintf("%slocalhost:%d", scheme, tcp.Port)
}

// usesTLS tells whether a web configuration file, which New has checked, sets up TLS.
func usesTLS(webConfigFile string) bool {
	if webConfigFile == "" {
		return false
	}
	data, err := os.ReadFile(webConfigFile)
	if err != nil {
		return false
	}
	var c toolkit.Config
	return yaml.Unmarshal(data, &c) == nil && c.TLSConfig.IsEnabled()
}
