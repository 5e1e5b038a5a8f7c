package generate

// What the exporter reads when its optional collectors are on.

func serverEndpoints() panel {
	const labels = "manager, server, endpoint_name"
	return table("Endpoints", "Nothing: the exporter's collectors endpoints and endpoint_tests are off, or could read "+
		"none.",
		"Endpoints of the server, whether its licence allows them, and how their last test went.",
		[]column{
			growing(label("endpoint_name", 200, under("Endpoint"))),
			labelsOnly(maxBy(labels+", role, type", "qem_endpoint_info")),
			value("Last test", 130, "2 - "+maxBy(labels, "qem_endpoint_test_success"), asWords(texts([]string{"1", "2"},
				state{"", "Connected", "green"}, state{"", "Failed", "red"}))...),
			value("Tested", 130, milliseconds(maxBy(labels, "qem_endpoint_test_timestamp_seconds")), inUnit("dateTimeFromNow")),
			value("Took", 90, maxBy(labels, "qem_endpoint_test_duration_seconds"), inUnit(inSeconds)),
			value("Licensed", 100, maxBy(labels+", role", "qem_endpoint_licensed"), asWords(upStates("No", "Yes"))...),
			label("role", 100), label("type", 200), label("server", 160), label("manager", 120),
		}, sortedBy("Last test"))
}

func serverPermissions() panel {
	const labels = "manager, server, scope, object"
	principals := func(role string) string {
		return "sum by (" + labels + ") (" + maxBy(labels+", kind", `qem_acl_principals{role="`+role+`"}`) + ")"
	}
	return table("Permissions", "Nothing: the exporter's collector acls is off, or could read none.",
		"What has permissions of its own on the server, and how many users and groups have which role by them.",
		[]column{
			growing(label("object", 200)),
			value("Own", 100, maxBy(labels, "qem_acl_explicit"), asWords(yesOrNo("Inherited", "Own"))...),
			label("scope", 100),
			value("Inheritance", 110, maxBy(labels, "qem_acl_inheritance_disabled"), asWords(yesOrNo("On", "Off"))...),
			value("Admins", 80, principals("admin"), whole()...),
			value("Designers", 90, principals("designer"), whole()...),
			value("Operators", 90, principals("operator"), whole()...),
			value("Viewers", 80, principals("viewer"), whole()...),
			value("None", 70, principals("none"), whole()...),
			label("server", 160), label("manager", 120),
		}, sortedBy("Own"))
}
