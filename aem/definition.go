package aem

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// A Definition is what Tasks.Export and Servers.Export give and the imports take: tasks,
// endpoints, and for a server its schedules. The guide does not describe it, so everything
// in it that is not changed here goes through as it is, numbers to the last digit; only the
// order of members is lost, and the comments before it.
type Definition struct{ root map[string]any }

// ReadDefinition reads an export.
func ReadDefinition(export io.Reader) (*Definition, error) {
	decoder := json.NewDecoder(JSON(export))
	decoder.UseNumber()
	d := &Definition{}
	if err := decoder.Decode(&d.root); err != nil {
		return nil, fmt.Errorf("aem: not the JSON of an export: %w", err)
	}
	if d.body() == nil {
		return nil, fmt.Errorf("aem: not an export: it has no %s", definitionKey)
	}
	return d, nil
}

const definitionKey = "cmd.replication_definition"

func (d *Definition) body() map[string]any {
	body, _ := d.root[definitionKey].(map[string]any)
	return body
}

// Reader returns the definition for an import.
func (d *Definition) Reader() io.Reader {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	_ = e.Encode(d.root) // it came from JSON
	return bytes.NewReader(b.Bytes())
}

// taskName and ownName say how the elements of the lists are called.
func taskName(element map[string]any) (string, bool) {
	task, _ := element["task"].(map[string]any)
	return ownName(task)
}

func ownName(element map[string]any) (string, bool) {
	name, ok := element["name"].(string)
	return name, ok
}

// names are the names of a list's elements.
func names(list []any, nameOf func(map[string]any) (string, bool)) (all []string) {
	for _, element := range list {
		object, _ := element.(map[string]any)
		if name, ok := nameOf(object); ok {
			all = append(all, name)
		}
	}
	return all
}

func (d *Definition) list(key string) []any {
	list, _ := d.body()[key].([]any)
	return list
}

// Tasks are the names of the tasks.
func (d *Definition) Tasks() []string { return names(d.list("tasks"), taskName) }

// Endpoints are the names of the endpoints whose settings are in it.
func (d *Definition) Endpoints() []string { return names(d.list("databases"), ownName) }

// Schedules are the names of the schedules.
func (d *Definition) Schedules() []string { return names(d.schedules(), ownName) }

func (d *Definition) schedules() []any {
	scheduler, _ := d.body()["scheduler"].(map[string]any)
	jobs, _ := scheduler["jobs"].([]any)
	return jobs
}

// KeepTasks removes all tasks but these.
func (d *Definition) KeepTasks(keep ...string) {
	d.body()["tasks"] = filter(d.list("tasks"), taskName, keep)
}

// KeepEndpoints removes the settings of all endpoints but these; the server that imports
// the definition must have the others.
func (d *Definition) KeepEndpoints(keep ...string) {
	d.body()["databases"] = filter(d.list("databases"), ownName, keep)
}

// KeepSchedules removes all schedules but these.
func (d *Definition) KeepSchedules(keep ...string) {
	if scheduler, ok := d.body()["scheduler"].(map[string]any); ok {
		scheduler["jobs"] = filter(d.schedules(), ownName, keep)
	}
}

func filter(list []any, nameOf func(map[string]any) (string, bool), keep []string) []any {
	return slices.DeleteFunc(slices.Clone(list), func(element any) bool {
		name := names([]any{element}, nameOf)
		return len(name) == 0 || !slices.Contains(keep, name[0])
	})
}

// RenameTask gives a task another name, also where other parts of the definition name it.
func (d *Definition) RenameTask(old, name string) error {
	if !slices.Contains(d.Tasks(), old) {
		return fmt.Errorf("aem: the definition has no task %q, only %q", old, d.Tasks())
	}
	if old != name && slices.Contains(d.Tasks(), name) {
		return fmt.Errorf("aem: the definition has a task %q already", name)
	}
	for _, element := range d.list("tasks") {
		object, _ := element.(map[string]any)
		if task, _ := object["task"].(map[string]any); task["name"] == old {
			task["name"] = name
		}
	}
	rename(d.body(), old, name, "task_name", "task")
	return nil
}

// MapEndpoint makes the tasks use another endpoint, and gives the settings of the endpoint
// that name, if they are in the definition.
func (d *Definition) MapEndpoint(old, name string) {
	for _, element := range d.list("databases") {
		if object, _ := element.(map[string]any); object["name"] == old {
			object["name"] = name
		}
	}
	rename(d.body(), old, name, "source_name", "target_name", "target_names", "database_name")
}

// rename replaces a text at the members of these names, wherever they are.
func rename(in any, old, name string, keys ...string) {
	switch v := in.(type) {
	case map[string]any:
		for key, value := range v {
			if !slices.Contains(keys, key) {
				rename(value, old, name, keys...)
				continue
			}
			switch value := value.(type) {
			case string:
				if value == old {
					v[key] = name
				}
			case []any:
				for i := range value {
					if value[i] == old {
						value[i] = name
					}
				}
			default:
				rename(value, old, name, keys...)
			}
		}
	case []any:
		for _, element := range v {
			rename(element, old, name, keys...)
		}
	}
}
