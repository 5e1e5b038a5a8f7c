package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/version"

	"github.com/qem-exporter/qem_exporter/aem"
)

// A command is one use of qemctl.
type command struct {
	app     *kingpin.Application
	do      map[string]action // by the command's full name
	client  *aem.Client
	through transport
	in      io.Reader
	printer
	arguments

	url                    string
	authType, user, domain string
	password, passwordFile string
	token, tokenFile       string
	tls                    promconfig.TLSConfig
	plain, dryRun          bool
	timeout, limit         time.Duration
}

// arguments are what the commands are told beside the flags of all; one of them runs.
type arguments struct {
	server, task, endpoint, file, how     string
	names                                 []string // of tasks or endpoints
	all, wait, register                   bool
	allTasks, allEndpoints, withEndpoints bool
	atOnce                                int
	within, since                         time.Duration
	filter                                aem.TableFilter
	renames, maps                         map[string]string // of tasks and of endpoints
}

// An action does what a command says.
type action func(ctx context.Context) error

func newCommand(in io.Reader, out, stderr io.Writer) *command {
	c := &command{
		app: kingpin.New("qemctl", "Manages Qlik Enterprise Manager: servers, tasks, tables, endpoints and permissions."),
		do:  map[string]action{}, in: in, printer: printer{out: out, err: stderr},
		arguments: arguments{renames: map[string]string{}, maps: map[string]string{}},
	}
	c.app.Version("qemctl " + version.Version)
	c.app.HelpFlag.Short('h')
	c.app.UsageWriter(out).ErrorWriter(stderr)
	c.app.Terminate(func(int) { panic(told{}) })
	c.flags()
	c.serverCommands()
	c.taskCommands()
	c.definitionCommands()
	c.otherCommands()
	return c
}

// flags are those of every command; the environment is that of the exporter.
func (c *command) flags() {
	flag := func(name, env, help string) *kingpin.FlagClause {
		return c.app.Flag(name, help+" ($"+env+")").Envar(env)
	}
	flag("url", "QEM_URL", "Where Enterprise Manager is.").StringVar(&c.url)
	flag("auth-type", "QEM_AUTH_TYPE", "active_directory, api_token or jwt.").
		EnumVar(&c.authType, "", "active_directory", "api_token", "jwt")
	flag("username", "QEM_USERNAME", "The account.").StringVar(&c.user)
	flag("domain", "QEM_DOMAIN", "Its domain.").StringVar(&c.domain)
	flag("password-file", "QEM_PASSWORD_FILE", "The file with its password.").StringVar(&c.passwordFile)
	flag("token-file", "QEM_TOKEN_FILE", "The file with a token instead.").StringVar(&c.tokenFile)
	flag("ca-file", "QEM_CA_FILE", "The certificate of the authority.").StringVar(&c.tls.CAFile)
	flag("cert-file", "QEM_CERT_FILE", "A client certificate.").StringVar(&c.tls.CertFile)
	flag("key-file", "QEM_KEY_FILE", "Its key.").StringVar(&c.tls.KeyFile)
	flag("server-name", "QEM_SERVER_NAME", "The name in the certificate.").StringVar(&c.tls.ServerName)
	flag("insecure-skip-verify", "QEM_INSECURE_SKIP_VERIFY", "Trust every certificate.").BoolVar(&c.tls.InsecureSkipVerify)
	c.app.Flag("plain-http", "Allow a URL that begins with http.").BoolVar(&c.plain)
	c.app.Flag("output", "table or json.").Short('o').Default("table").EnumVar(&c.format, "table", "json")
	c.app.Flag("dry-run", "Say what would be changed, and change nothing.").BoolVar(&c.dryRun)
	c.app.Flag("request-timeout", "How long one request may take.").Default("30s").DurationVar(&c.timeout)
	c.app.Flag("timeout", "How long all of it may take; 0 is no limit.").Default("0s").DurationVar(&c.limit)
}

// command adds a command.
func (c *command) command(parent interface {
	Command(name, help string) *kingpin.CmdClause
}, name, help string, do action) *kingpin.CmdClause {
	clause := parent.Command(name, help)
	if do != nil {
		c.do[clause.FullCommand()] = do
	}
	return clause
}

// told ends the parsing when help or the version is printed: kingpin would go on, and complain.
type told struct{}

// parse returns what to do, nil when all is said.
func (c *command) parse(args []string) (do action, err error) {
	defer func() {
		if ended := recover(); ended != nil && ended != (told{}) {
			panic(ended)
		}
	}()
	name, err := c.app.Parse(args)
	switch {
	case err != nil:
		return nil, err
	case c.url == "":
		return nil, errors.New("there is no --url and no $QEM_URL")
	}
	c.password, c.token = os.Getenv("QEM_PASSWORD"), os.Getenv("QEM_TOKEN")
	return c.do[name], nil
}

// connected does something with a client, and logs out.
func (c *command) connected(ctx context.Context, do action) (err error) {
	credentials, err := c.credentials()
	if err != nil {
		return err
	}
	tls, err := promconfig.NewTLSConfig(&c.tls)
	if err != nil {
		return err
	}
	options := []aem.Option{
		aem.WithTransport(c.through(aem.TransportOptions{TLS: tls})), aem.WithTimeout(c.timeout),
		aem.WithUserAgent("qemctl/" + version.Version), aem.WithSettingNames(func(setting string) string {
			return "--" + strings.ReplaceAll(setting, "_", "-")
		}),
	}
	if c.plain {
		options = append(options, aem.WithPlainHTTP())
	}
	if c.client, err = aem.New(c.url, credentials, options...); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
		defer cancel()
		if e := c.client.Close(ctx); err == nil && e != nil {
			fmt.Fprintf(c.err, "qemctl: the session is not ended: %v\n", e)
		}
	}()
	return do(ctx)
}

func (c *command) credentials() (aem.CredentialsFunc, error) {
	password, err := secret(c.password, c.passwordFile)
	if err != nil {
		return nil, err
	}
	token, err := secret(c.token, c.tokenFile)
	if err != nil {
		return nil, err
	}
	switch {
	case c.authType == "jwt":
		return aem.JWT(token), nil
	case c.authType == "api_token", c.authType == "" && password == "" && token != "":
		return aem.APIToken(token), nil
	case c.user == "" || password == "":
		return nil, errors.New("there are no credentials: give $QEM_TOKEN, or --username and $QEM_PASSWORD or " +
			"--password-file")
	}
	return aem.ActiveDirectory(c.user, c.domain, password), nil
}

func secret(text, file string) (string, error) {
	if file == "" {
		return text, nil
	}
	data, err := os.ReadFile(file)
	return strings.TrimRight(string(data), "\r\n"), err
}

// change does something that changes something, or says so in a dry run.
func (c *command) change(do func() error, format string, args ...any) error {
	if c.dryRun {
		fmt.Fprintf(c.out, "would "+format+"\n", args...)
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	c.progress(format+": done", args...)
	return nil
}

// noFile reports whether a standard stream is meant: kingpin makes "" of a lone dash.
func (c *command) noFile() bool { return c.file == "" || c.file == "-" }

// read opens the file that is named, or the standard input.
func (c *command) read(do func(io.Reader) error) error {
	if c.noFile() {
		return do(c.in)
	}
	file, err := os.Open(c.file)
	if err != nil {
		return err
	}
	defer file.Close()
	return do(file)
}

// save writes the file that is named, or the standard output.
func (c *command) save(from io.Reader) error {
	if c.noFile() {
		_, err := io.Copy(c.out, from)
		return err
	}
	file, err := os.OpenFile(c.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it may tell secrets
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}
