package config

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// fileName is the name of a file, relative to the configuration file, that check
// accepts. The variable gets the resolved name.
func fileName(p *string, check func(data []byte) error) codec {
	return codec{
		kind: "file name",
		decode: func(d *decoder, v value) {
			name, ok := d.expanded(v)
			if !ok {
				return
			}
			*p = promconfig.JoinDir(d.dir, name)
			data, err := readSmall(*p)
			if err == nil {
				err = check(data)
			}
			if err != nil {
				// The name as written: what variables hold is not for a message.
				d.fail(v.path, "%s: %s", v.quote(), withoutName(err))
			}
		},
		encode: func() *yaml.Node { return shown(*p) },
	}
}

// maxFile bounds credential and certificate files. Bundles of certificate
// authorities are a few hundred KiB.
const maxFile = 4 << 20

func readSmall(name string) ([]byte, error) {
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
		return nil, fmt.Errorf("is larger than %s", formatSize(maxFile))
	}
	return data, nil
}

// withoutName takes the file's name out of an error of package os.
func withoutName(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return "cannot be read: " + pathErr.Err.Error()
	}
	return err.Error()
}

func readableFile([]byte) error { return nil }

func certificateFile(data []byte) error {
	if !x509.NewCertPool().AppendCertsFromPEM(data) {
		return errors.New("holds no certificate in PEM form")
	}
	return nil
}

func secretFile(data []byte) error {
	_, err := secretText(data)
	return err
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
