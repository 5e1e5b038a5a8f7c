package generate

// What the exporter reads when its optional collectors are on.

func serverEndpoints() panel {
	const labels = "manager, server, endpoint"
	return table("Endpoints", "Endpoints of the server, whether its licence allows them, and how their last test went. Empty unless the exporter's collectors endpoints and endpoint_tests are on.",
		[]string{"manager", "server", "endpoint", "role", "type"},
		[]column{
			labelsOnly(maxBy(labels+", role, type", "qem_endpoint_info")),
			newColumn("Licensed", maxBy(labels+", role", "qem_endpoint_licensed"), asState(upStates("No", "Yes"))...),
			newColumn("Last test", maxBy(labels, "qem_endpoint_test_success"), asState(upStates("Failed", "Connected"))...),
			newColumn("Test took", maxBy(labels, "qem_endpoint_test_duration_seconds"), inUnit("s")),
			newColumn("Tested", milliseconds(maxBy(labels, "qem_endpoint_test_timestamp_seconds")), inUnit("dateTimeFromNow")),
		}, sortedBy("Last test", false))
}

func serverPermissions() panel {
	const labels = "manager, server, scope, object"
	principals := func(role string) string {
		return "sum by (" + labels + ") (" + maxBy(labels+", kind", `qem_acl_principals{role="`+role+`"}`) + ")"
	}
	return table("Permissions", "What has permissions of its own on the server, and how many users and groups have which role by them. Empty unless the exporter's collector acls is on.",
		[]string{"manager", "server", "scope", "object"},
		[]column{
			newColumn("Own", maxBy(labels, "qem_acl_explicit"), asState(yesOrNo("Inherited", "Own"))...),
			newColumn("Inheritance", maxBy(labels, "qem_acl_inheritance_disabled"), asState(yesOrNo("On", "Off"))...),
			newColumn("Admins", principals("admin"), inUnit("none")),
			newColumn("Designers", principals("designer"), inUnit("none")),
			newColumn("Operators", principals("operator"), inUnit("none")),
			newColumn("Viewers", principals("viewer"), inUnit("none")),
			newColumn("None", principals("none"), inUnit("none")),
		}, sortedBy("Own", true))
}
