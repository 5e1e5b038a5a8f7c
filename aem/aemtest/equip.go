package aemtest

import (
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
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
	if s.static.Product == aem.Replicate {
		s.addSpareEndpoints()
		if r.IntN(4) == 0 {
			s.static.EndpointsACL = standardACL(false)
		}
	}
	for i, t := range s.tasks {
		if i%8 == 5 {
			t.static.ACL = standardACL(i%16 == 5)
		}
		if t.static.Options.StoreChanges.True() && t.product == aem.Replicate {
			before := time.Duration(1+i%5) * 24 * time.Hour
			t.static.Barriers = []aem.RetentionBarrier{
				{Application: "Compose", Point: b.opts.Start.Add(-before).Truncate(time.Hour)},
			}
		}
	}
}

// addSpareEndpoints adds endpoints that no task uses: those that an Oracle source
// can fail over to, and an old one.
func (s *server) addSpareEndpoints() {
	i := slices.IndexFunc(s.endpoints,
		func(e *endpoint) bool { return e.state.Type == oracle && e.state.Role == aem.EndpointSource })
	if i >= 0 {
		for _, name := range []string{"PrimaryOracle", "SecondaryOracle"} {
			v := EndpointState{
				Endpoint: aem.Endpoint{
					Name: s.endpoints[i].name() + configurationOf + name, Role: aem.EndpointSource, Type: oracle,
					Licensed: aem.BoolOf(true),
				},
				Settings: newSettings(s.endpoints[i].name()+"-"+name, oracle, s.static.Host),
			}
			v.Settings["supportResetLog"] = true
			s.endpoints = append(s.endpoints, &endpoint{state: v})
		}
	}
	s.endpoints = append(s.endpoints, &endpoint{state: EndpointState{
		Endpoint: given(aem.Endpoint{
			Name: "tgt_ARCHIVE (old)", Description: "Not in use since the move", Role: aem.EndpointTarget, Type: "Hadoop",
		}),
		Settings: newSettings("archive", "Hadoop", s.static.Host),
	}})
}

func standardACL(alone bool) *aem.ACL {
	return &aem.ACL{
		Admin: aem.Principals{Users: []string{DefaultDomain + `\admin`},
			Groups: []string{DefaultDomain + `\QEM Admins`}},
		Designer: aem.Principals{Groups: []string{DefaultDomain + `\Data Engineers`}},
		Operator: aem.Principals{Users: []string{DefaultDomain + `\operator`},
			Groups: []string{DefaultDomain + `\Operations`}},
		Viewer:             aem.Principals{Users: []string{DefaultDomain + `\` + DefaultUser}},
		DisableInheritance: aem.BoolOf(alone),
	}
}
