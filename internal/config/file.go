package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	promconfig "github.com/prometheus/common/config"
)

// fileName is the name of a file, relative to the configuration file, that holds what
// as says. The answer is the resolved name.
func (d *decoder) fileName(v value, as string) (string, bool) {
	written, ok := d.expanded(v)
	if !ok {
		return "", false
	}
	name := promconfig.JoinDir(d.dir, written)
	data, err := readSmall(name)
	switch {
	case err != nil:
	case as == "certificate file":
		err = certificates(data)
	case as == "secret file":
		_, err = secretText(data)
	}
	if err != nil {
		// The name as written: what variables hold is not for a message.
		d.fail(v.path, "%s: %s", v.quote(), withoutName(err))
	}
	return name, true
}

// maxFile bounds credential and certificate files. Bundles of certificate
// authorities are a few hundred KiB.
const maxFile = 4 << 20

func readSmall(name string) ([]byte, error) {
	// A pipe would be waited for, and could be read once only.
	if info, err := os.Stat(name); err != nil {
		return nil, err
	} else if mode := info.Mode(); !mode.IsRegular() && !mode.IsDir() {
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("is larger than %s", formatSize(Size(maxFile)))
	}
	return data, nil
}

// certificates says why a file does not serve as certificates. One of many that cannot
// be read is left out when it is used.
func certificates(data []byte) error {
	if x509.NewCertPool().AppendCertsFromPEM(data) {
		return nil
	}
	block, _ := pem.Decode(data)
	for block != nil && block.Type != "CERTIFICATE" {
		block, data = pem.Decode(data)
	}
	if block == nil {
		return errors.New("holds no certificate in PEM form")
	}
	_, err := x509.ParseCertificate(block.Bytes)
	if err != nil && strings.Contains(err.Error(), "negative serial number") {
		return errors.New("holds a certificate with a negative serial number: have a new certificate issued, " +
			"or set the environment variable GODEBUG=x509negativeserial=1")
	}
	return fmt.Errorf("holds a certificate that cannot be read: %w", err)
}

// withoutName takes the file's name out of an error of package os.
func withoutName(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return "cannot be read: " + pathErr.Err.Error()
	}
	return err.Error()
}

// secretText is the credential that a file holds: its text without the line
// break at the end, and without the mark that Windows editors put at the start.
func secretText(data []byte) (string, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.TrimRight(data, "\r\n")
	switch {
	case len(data) == 0:
		return "", errors.New("is empty")
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return "", errors.New("is not UTF-8 text")
	}
	return string(data), nil
}

// readSecret reads the credential of a file.
func readSecret(name string) (string, error) {
	data, err := readSmall(name)
	if err != nil {
		return "", fmt.Errorf("reading the credential: %w", err)
	}
	secret, err := secretText(data)
	if err != nil {
		return "", fmt.Errorf("reading the credential: %s %w", name, err)
	}
	return secret, nil
}

// Secret returns the password or token. A file is read at every call, so that a
// credential can be changed while the exporter runs.
func (a Auth) Secret() (string, error) {
	switch {
	case a.PasswordFile != "":
		return readSecret(a.PasswordFile)
	case a.TokenFile != "":
		return readSecret(a.TokenFile)
	case !a.Password.IsZero():
		return a.Password.Reveal(), nil
	case !a.Token.IsZero():
		return a.Token.Reveal(), nil
	}
	return "", errors.New("no credential is configured")
}

// Each calls a function with every value of the header, those in files read anew.
func (h Header) Each(value func(text string, secret bool)) error {
	for _, v := range h.Values {
		value(v, false)
	}
	for _, s := range h.Secrets {
		value(s.Reveal(), true)
	}
	for _, name := range h.Files {
		text, err := readSecret(name)
		if err != nil {
			return err
		}
		value(text, true)
	}
	return nil
}
