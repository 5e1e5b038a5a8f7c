package aem

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// decodeACL reads the body of the methods that get an ACL. What is missing of it is
// empty, but what is there is understood as a whole or not at all: an ACL that lost
// somebody must not be put back. One with a role that is not known can be read, and
// not be put.
func decodeACL(r io.Reader) (*ACL, error) {
	s := newScanner(r)
	acl := &ACL{complete: true}
	known := 0
	s.document(false, func(key []byte) bool {
		var to *Principals
		switch string(bytes.TrimSuffix(key, []byte("role"))) {
		case "admin":
			to = &acl.Admin
		case "designer":
			to = &acl.Designer
		case "operator":
			to = &acl.Operator
		case "viewer":
			to = &acl.Viewer
		case "none":
			to = &acl.None
		case "disableinheritance":
			known++
			s.boolean(&acl.DisableInheritance)
			return true
		default:
			acl.complete = acl.complete && !bytes.HasSuffix(key, []byte("role"))
			return false
		}
		known++
		s.principals(to)
		return true
	})
	if s.shape == "" && known == 0 {
		s.shape = "not an ACL"
	}
	if err := s.result(); err != nil {
		return nil, err
	}
	return acl, nil
}

// principals reads who has a role. null is nobody.
func (s *scanner) principals(to *Principals) {
	if !s.expect('{', "a role of an ACL") {
		return
	}
	s.object(func(key []byte) bool {
		switch string(key) {
		case "users":
			s.named(&to.Users)
		case "groups":
			s.named(&to.Groups)
		default:
			return false
		}
		return true
	})
}

// named reads a list of objects with a name.
func (s *scanner) named(to *[]string) {
	if !s.expect('[', "the members of a role") {
		return
	}
	if *to == nil { // the role is there, and nobody has it
		*to = []string{}
	}
	s.token()
	for s.more(']') {
		var name string
		s.object(func(key []byte) bool {
			if string(key) != "name" {
				return false
			}
			s.text(&name)
			return true
		})
		if name == "" && s.shape == "" {
			s.shape = "a member of a role has no name"
		}
		*to = append(*to, name)
	}
	s.token()
}

// expect reports whether a value of the kind begins. It skips any other, and notes
// one that is not null.
func (s *scanner) expect(kind byte, what string) bool {
	got := s.dec.PeekKind()
	if byte(got) == kind {
		return s.err == nil
	}
	s.skip()
	if got != 'n' && s.shape == "" {
		s.shape = what + ": " + kindName(got) + " instead of " + kindName(jsontext.Kind(kind))
	}
	return false
}
