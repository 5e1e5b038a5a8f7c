package aemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// parseACL reads the body of a method that replaces an ACL. A role that the API
// does not know is an error.
func parseACL(body []byte) (*ACL, error) {
	var members map[string]json.RawMessage
	if err := decodeJSON(body, &members); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, fmt.Errorf("an object is expected")
	}
	a := &ACL{}
	roles := map[string]*Principals{
		"admin_role": &a.Admin, "designer_role": &a.Designer, "operator_role": &a.Operator,
		"viewer_role": &a.Viewer, "none_role": &a.None, "none": &a.None,
	}
	for k, raw := range members {
		if k == "disable_inheritance" {
			flag, err := parseBool(raw)
			if err != nil {
				return nil, fmt.Errorf("disable_inheritance: %w", err)
			}
			a.DisableInheritance = flag
			continue
		}
		role, known := roles[k]
		if !known {
			return nil, fmt.Errorf("could not find member '%s' on object of type 'AemAuthorizationAcl'", k)
		}
		var in struct{ Users, Groups []struct{ Name string } }
		if err := decodeJSON(raw, &in); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		for _, u := range in.Users {
			role.Users = append(role.Users, u.Name)
		}
		for _, g := range in.Groups {
			role.Groups = append(role.Groups, g.Name)
		}
	}
	return a, nil
}

// decodeJSON reads one value of JSON, which may follow a byte order mark; nothing
// may follow it.
func decodeJSON(b []byte, into any) error {
	return json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), into)
}

// parseBool reads a boolean, which may stand in quotes; null is false.
func parseBool(raw json.RawMessage) (bool, error) {
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "true":
		return true, nil
	case "false", "null":
		return false, nil
	}
	return false, fmt.Errorf("%s is not a boolean", raw)
}
