package aem

import (
	"io"
	"strings"
)

// decodeServerDefinition reads the body of GetServer.
func decodeServerDefinition(r io.Reader) (*ServerDefinition, error) {
	s := newScanner(r)
	d := &ServerDefinition{}
	var class, kind, password string
	s.document(false, func(key []byte) bool {
		switch string(key) {
		case "$type":
			s.text(&class)
		case "type":
			s.text(&kind)
		case "name":
			s.text(&d.Name)
		case "description":
			s.text(&d.Description)
		case "host":
			s.text(&d.Host)
		case "port":
			s.text(&d.Port)
		case "username":
			s.text(&d.Username)
		case "password":
			s.text(&password)
		case "verifyservercertificate":
			s.boolean(&d.VerifyCertificate)
		case "monitored":
			s.boolean(&d.Monitored)
		default:
			return false
		}
		return true
	})
	if s.shape == "" && d.Name == "" {
		s.shape = "not the definition of a server: it has no name"
	}
	if err := s.result(); err != nil {
		return nil, err
	}
	d.Product = productOf(class, kind)
	d.Password = NewPassword(password)
	return d, nil
}

// decodeTaskResult reads the body of RunTask and StopTask. Its error_message tells
// that the task failed, and is there, empty, when it did not. What follows the first
// JSON value, as in the guide's samples, is not read.
func decodeTaskResult(r io.Reader) (*TaskResult, error) {
	s := newScanner(r)
	result := &TaskResult{}
	s.document(false, func(key []byte) bool {
		if string(key) != "state" {
			return false
		}
		enum(s, &result.State, taskState)
		return true
	})
	if s.shape == "" && result.State == "" && s.fault.Message == "" {
		s.shape = "not the result of a task: it has no state"
	}
	if err := s.result(); err != nil {
		return nil, err
	}
	if message := strings.TrimSpace(s.fault.Message); !strings.EqualFold(message, "none") {
		result.Message = message
	}
	return result, nil
}

// decodeTableList reads the body of GetTableList.
func decodeTableList(r io.Reader) ([]TableInfo, error) {
	s := newScanner(r)
	s.most, s.keys = maxPassed, make([]knownKey, 0, maxKnownKeys)
	return collect(s, "tablelist", func() (TableInfo, string) {
		element := s.tableInfo()
		return element, element.Name
	})
}

func (s *scanner) tableInfo() TableInfo {
	var t TableInfo
	s.object(func(key []byte) bool {
		switch string(key) {
		case "schema", "schemaname":
			s.text(&t.Schema)
		case "table", "tablename":
			s.text(&t.Name)
		case "state":
			enum(s, &t.State, tableState)
		default:
			return false
		}
		return true
	})
	return t
}

// decodeEndpointList reads the body of GetEndpointList.
func decodeEndpointList(r io.Reader) ([]Endpoint, error) {
	s := newScanner(r)
	return collect(s, "endpointList", func() (Endpoint, string) {
		element := s.endpoint()
		return element, element.Name
	})
}

func (s *scanner) endpoint() Endpoint {
	var e Endpoint
	s.object(func(key []byte) bool {
		switch string(key) {
		case "name":
			s.text(&e.Name)
		case "description":
			s.text(&e.Description)
		case "role":
			enum(s, &e.Role, endpointRole)
		case "type":
			s.text(&e.Type)
		case "islicensed":
			s.boolean(&e.Licensed)
		default:
			return false
		}
		return true
	})
	return e
}

// decodeEndpointTest reads the body of TestEndpoint, of which the guide shows three
// forms.
func decodeEndpointTest(r io.Reader) (*EndpointTest, error) {
	s := newScanner(r)
	test := &EndpointTest{}
	var status, state, requested EndpointState
	s.document(false, func(key []byte) bool {
		switch string(key) {
		case "status":
			enum(s, &status, endpointState)
		case "state":
			enum(s, &state, endpointState)
		case "requeststate":
			enum(s, &requested, endpointState)
		case "message":
			s.message(&test.Message)
		case "detailedmessage":
			s.message(&test.Details)
		default:
			return false
		}
		return true
	})
	for _, said := range []EndpointState{status, state, requested} {
		if test.State == "" {
			test.State = said
		}
	}
	if s.shape == "" && test.State == "" {
		s.shape = "not the result of a test: it has no state"
	}
	if err := s.result(); err != nil {
		return nil, err
	}
	if message := strings.TrimSpace(s.fault.Message); test.Message == "" && !strings.EqualFold(message, "none") {
		test.Message = message
	}
	return test, nil
}
