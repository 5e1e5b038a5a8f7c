package aemtest

import (
	"slices"
	"time"
)

// equip gives a server of the fleet what Enterprise Manager keeps of it: endpoints,
// some of them unused, and here and there an explicit ACL or a retention barrier.
func (b *builder) equip(s *server) {
	for _, t := range s.tasks {
		s.adopt(&t.static)
	}
	r := b.random("kept", s.static.Name)
	s.password = "kept-by-enterprise-manager"
	if r.IntN(2) == 0 {
		s.static.ACL = standardACL(false)
	}
	if r.IntN(4) == 0 {
		s.static.TasksACL = standardACL(false)
	}
	if s.static.Product == Replicate {
		s.addSpareEndpoints()
		if r.IntN(4) == 0 {
			s.static.EndpointsACL = standardACL(false)
		}
	}
	for i, t := range s.tasks {
		if i%8 == 5 {
			t.static.ACL = standardACL(i%16 == 5)
		}
		if t.static.StoreChanges && t.product == Replicate {
			before := time.Duration(1+i%5) * 24 * time.Hour
			t.static.Barriers = []Barrier{{"Compose", b.opts.Start.Add(-before).Truncate(time.Hour)}}
		}
	}
}

// addSpareEndpoints adds endpoints that no task uses: those that an Oracle source
// can fail over to, and an old one.
func (s *server) addSpareEndpoints() {
	i := slices.IndexFunc(s.endpoints, func(e *endpoint) bool { return e.state.Type == oracle && e.state.Role == Source })
	if i >= 0 {
		for _, name := range []string{"PrimaryOracle", "SecondaryOracle"} {
			v := EndpointState{
				Name: s.endpoints[i].name() + configurationOf + name, Role: Source, Type: oracle, Licensed: true,
				Settings: newSettings(s.endpoints[i].name()+"-"+name, oracle, s.static.Host),
			}
			v.Settings["supportResetLog"] = true
			s.endpoints = append(s.endpoints, &endpoint{state: v})
		}
	}
	s.endpoints = append(s.endpoints, &endpoint{state: EndpointState{
		Name: "tgt_ARCHIVE (old)", Description: "Not in use since the move", Role: Target, Type: "Hadoop",
		Settings: newSettings("archive", "Hadoop", s.static.Host),
	}})
}

func standardACL(alone bool) *ACL {
	return &ACL{
		Admin: Principals{Users: []string{DefaultDomain + `\admin`},
			Groups: []string{DefaultDomain + `\QEM Admins`}},
		Designer: Principals{Groups: []string{DefaultDomain + `\Data Engineers`}},
		Operator: Principals{Users: []string{DefaultDomain + `\operator`},
			Groups: []string{DefaultDomain + `\Operations`}},
		Viewer:             Principals{Users: []string{DefaultDomain + `\` + DefaultUser}},
		DisableInheritance: alone,
	}
}
