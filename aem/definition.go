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

// A part is a list of a definition.
type part struct {
	in         map[string]any
	key, inner string // of the list; of what has the name in an element, "" for the element itself
}

func (d *Definition) tasks() part     { return part{d.body(), "tasks", "task"} }
func (d *Definition) endpoints() part { return part{d.body(), "databases", ""} }

func (d *Definition) schedules() part {
	scheduler, _ := d.body()["scheduler"].(map[string]any)
	return part{scheduler, "jobs", ""}
}

func (p part) list() []any {
	list, _ := p.in[p.key].([]any)
	return list
}

// named is what has the name in an element.
func (p part) named(element any) map[string]any {
	object, _ := element.(map[string]any)
	if p.inner != "" {
		object, _ = object[p.inner].(map[string]any)
	}
	return object
}

func (p part) names() (all []string) {
	for _, element := range p.list() {
		if name, ok := p.named(element)["name"].(string); ok {
			all = append(all, name)
		}
	}
	return all
}

func (p part) keep(names []string) {
	if p.in == nil {
		return
	}
	p.in[p.key] = slices.DeleteFunc(slices.Clone(p.list()), func(element any) bool {
		name, ok := p.named(element)["name"].(string)
		return !ok || !slices.Contains(names, name)
	})
}

func (p part) rename(old, name string) {
	for _, element := range p.list() {
		if object := p.named(element); object["name"] == old {
			object["name"] = name
		}
	}
}

// Tasks are the names of the tasks.
func (d *Definition) Tasks() []string { return d.tasks().names() }

// Endpoints are the names of the endpoints whose settings are in it.
func (d *Definition) Endpoints() []string { return d.endpoints().names() }

// Schedules are the names of the schedules.
func (d *Definition) Schedules() []string { return d.schedules().names() }

// KeepTasks removes all tasks but these.
func (d *Definition) KeepTasks(keep ...string) { d.tasks().keep(keep) }

// KeepEndpoints removes the settings of all endpoints but these; the server that imports
// the definition must have the others.
func (d *Definition) KeepEndpoints(keep ...string) { d.endpoints().keep(keep) }

// KeepSchedules removes all schedules but these.
func (d *Definition) KeepSchedules(keep ...string) { d.schedules().keep(keep) }

// RenameTask gives a task another name, also where other parts of the definition name it.
func (d *Definition) RenameTask(old, name string) error {
	switch {
	case !slices.Contains(d.Tasks(), old):
		return fmt.Errorf("aem: the definition has no task %q, only %q", old, d.Tasks())
	case old != name && slices.Contains(d.Tasks(), name):
		return fmt.Errorf("aem: the definition has a task %q already", name)
	}
	d.tasks().rename(old, name)
	rename(d.body(), old, name, "task_name", "task")
	return nil
}

// MapEndpoint makes the tasks use another endpoint, and gives the settings of the endpoint
// that name, if they are in the definition.
func (d *Definition) MapEndpoint(old, name string) {
	d.endpoints().rename(old, name)
	rename(d.body(), old, name, "source_name", "target_name", "target_names", "database_name")
}

// rename replaces a text at the members of these names, wherever they are.
func rename(in any, old, name string, keys ...string) {
	switch v := in.(type) {
	case map[string]any:
		for key, value := range v {
			if slices.Contains(keys, key) {
				v[key] = renamed(value, old, name)
			}
			rename(value, old, name, keys...)
		}
	case []any:
		for _, element := range v {
			rename(element, old, name, keys...)
		}
	}
}

// renamed is a text, or a list of such, with the new name.
func renamed(value any, old, name string) any {
	if list, ok := value.([]any); ok {
		for i := range list {
			list[i] = renamed(list[i], old, name)
		}
	} else if value == old {
		return name
	}
	return value
}
