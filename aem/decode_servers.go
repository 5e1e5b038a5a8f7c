package aem

import (
	"io"
	"reflect"
)

// decodeServerList reads the body of GetServerList.
func decodeServerList(r io.Reader) ([]ServerInfo, error) {
	s := newScanner(r)
	return collect(s, "serverList", func() (ServerInfo, string) {
		element := s.serverInfo()
		return element, element.Name
	})
}

func (s *scanner) serverInfo() ServerInfo {
	var info ServerInfo
	var class, kind string
	s.object(func(key []byte) bool {
		switch string(key) {
		case "$type":
			s.text(&class)
		case "type":
			s.text(&kind)
		case "name":
			s.text(&info.Name)
		case "description":
			s.text(&info.Description)
		case "host":
			s.text(&info.Host)
		case "port":
			s.text(&info.Port)
		case "state":
			enum(s, &info.State, serverState)
		case "message":
			s.message(&info.Message)
		case "platform":
			enum(s, &info.Platform, platform)
		case "version":
			s.text(&info.Version)
		case "lastconnection":
			s.time(&info.LastConnection)
		default:
			return false
		}
		return true
	})
	info.Product = productOf(class, kind)
	return info
}

// decodeServerDetails reads the body of GetServerDetails.
func decodeServerDetails(r io.Reader) (*ServerDetails, error) {
	s := newScanner(r)
	server := serverReader{scanner: s}
	s.document(false, func(key []byte) bool {
		// The members of the top level win.
		if string(key) == "serverdetails" && !server.known {
			s.object(server.member)
			return true
		}
		return server.member(key)
	})
	if s.shape == "" && (!server.known || reflect.ValueOf(server.ServerDetails).IsZero()) {
		s.shape = "no known member"
	}
	if err := s.result(); err != nil {
		return nil, err
	}
	server.Product = productOf(server.class, server.kind)
	return &server.ServerDetails, nil
}

type serverReader struct {
	*scanner
	ServerDetails
	class, kind string // $type and type
	known       bool   // a member that only a server has was there
}

func (r *serverReader) member(key []byte) bool {
	switch string(key) {
	// The error of some proxy may have these three as well.
	case "type":
		r.text(&r.kind)
		return true
	case "description":
		r.text(&r.Description)
		return true
	case "message":
		r.message(&r.Message)
		return true

	case "$type":
		r.text(&r.class)
	case "name":
		r.text(&r.Name)
	case "configuration":
		r.configuration()
	case "state":
		enum(r.scanner, &r.State, serverState)
	case "version":
		r.text(&r.Version)
	case "lastconnection":
		r.time(&r.LastConnection)
	case "license":
		r.license()
	case "tasksummary", "taskssummary", "aemtaskssummary":
		r.taskSummary()
	case "resourceutilization":
		r.utilization()
	default:
		return false
	}
	r.known = true
	return true
}

func (r *serverReader) configuration() {
	r.object(func(key []byte) bool {
		switch string(key) {
		case "host":
			r.text(&r.Host)
		case "port":
			r.text(&r.Port)
		case "platform":
			enum(r.scanner, &r.Platform, platform)
		case "username":
			r.text(&r.Username)
		default:
			return false
		}
		return true
	})
}

func (r *serverReader) license() {
	to := &r.License
	r.object(func(key []byte) bool {
		switch string(key) {
		case "state":
			enum(r.scanner, &to.State, licenseState)
		case "issuedate":
			r.time(&to.Issued)
		case "expiration":
			r.time(&to.Expires)
		case "daystoexpiration":
			r.number(&to.DaysToExpiration)
		default:
			return false
		}
		return true
	})
}

func (r *serverReader) taskSummary() {
	to := &r.TaskSummary
	r.object(func(key []byte) bool {
		switch string(key) {
		case "total":
			r.amount(&to.Total)
		case "running":
			r.amount(&to.Running)
		case "stopped":
			r.amount(&to.Stopped)
		case "recovering":
			r.amount(&to.Recovering)
		case "error":
			r.amount(&to.Error)
		default:
			return false
		}
		return true
	})
}

func (r *serverReader) utilization() {
	to := &r.Utilization
	r.object(func(key []byte) bool {
		switch string(key) {
		case "diskusagemb":
			r.amount(&to.DiskMB)
		case "memorymb":
			r.amount(&to.MemoryMB)
		case "attunitycpupercentage":
			r.amount(&to.ReplicateCPU)
		case "machinecpupercentage":
			r.amount(&to.MachineCPU)
		default:
			return false
		}
		return true
	})
}
