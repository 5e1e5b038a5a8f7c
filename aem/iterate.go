package aem

import (
	"context"
	"iter"
)

// All goes through the servers that List returns. What went wrong comes at the end,
// with a zero ServerInfo.
//
//qem:uses GetServerList
func (s ServersService) All(ctx context.Context) iter.Seq2[ServerInfo, error] {
	return func(yield func(ServerInfo, error) bool) {
		list, err := s.List(ctx)
		for _, server := range list {
			if !yield(server, nil) {
				return
			}
		}
		if err != nil {
			yield(ServerInfo{}, err)
		}
	}
}

// ServerTask is a task and the server that it is on.
type ServerTask struct {
	Server ServerInfo
	TaskInfo
}

// All goes through the tasks of all servers that Enterprise Manager monitors. What
// went wrong with one server comes with that server and an empty TaskInfo, then the
// next server follows; a server that the list says is not monitored is passed over.
// When the servers cannot be listed, the Server is empty too.
//
//qem:uses GetServerList GetTaskList
func (s TasksService) All(ctx context.Context) iter.Seq2[ServerTask, error] {
	return func(yield func(ServerTask, error) bool) {
		for server, err := range (ServersService(s)).All(ctx) {
			if err != nil {
				yield(ServerTask{}, err)
				return
			}
			if server.State == ServerNotMonitored {
				continue
			}
			tasks, err := s.List(ctx, server.Name)
			for _, task := range tasks {
				if !yield(ServerTask{server, task}, nil) {
					return
				}
			}
			if err != nil && !yield(ServerTask{Server: server}, err) {
				return
			}
		}
	}
}
