/// Rules of networks that let people in, and keys to log in with.
enum Doors {
    private static let ports = [22, 3389]

    static func report(_ resource: CloudResource, _ sink: inout FindingSink) {
        for key in ["key_name", "KeyName"] {
            for (entry, node) in entries(key, in: resource.body) where !node.isNothing {
                // A module hands on what its user may leave out.
                if node.isUnknown, node.text?.contains("key_pair") != true { continue }
                sink.report(entry, "\(resource.name) can be logged in to with a key")
            }
        }
        switch resource.type {
        case "aws_security_group", "aws_default_security_group":
            for rule in resource.body["ingress"]?.itemsOrSelf ?? [] { ingress(rule, resource, &sink) }
        case "aws_security_group_rule":
            if resource.body["type"]?.text == "ingress" { ingress(resource.body, resource, &sink) }
        case "aws_vpc_security_group_ingress_rule": ingress(resource.body, resource, &sink)
        case "AWS::EC2::SecurityGroup":
            for rule in resource.body["SecurityGroupIngress"]?.itemsOrSelf ?? [] {
                ingress(rule, resource, &sink)
            }
        case "AWS::EC2::SecurityGroupIngress": ingress(resource.body, resource, &sink)
        case "google_compute_firewall":
            guard resource.body["direction"]?.text != "EGRESS" else { return }
            for allow in resource.body["allow"]?.itemsOrSelf ?? [] {
                for port in allow["ports"]?.items ?? [] where covers(port.text ?? "") {
                    sink.report(port.range, "\(resource.name) lets people in over port \(port.text ?? "")")
                }
            }
        case "azurerm_network_security_rule": azure(resource.body, resource, &sink)
        case "azurerm_network_security_group":
            for rule in resource.body["security_rule"]?.itemsOrSelf ?? [] { azure(rule, resource, &sink) }
        default: break
        }
        if let keys = resource.body["admin_ssh_key"] {
            sink.report(keys.range, "\(resource.name) can be logged in to with a key")
        }
        if let metadata = resource.body["metadata"]?.entry("ssh-keys") {
            sink.report(metadata.keyRange, "\(resource.name) can be logged in to with a key")
        }
    }

    /// Entries of a name in a body or a block directly below it.
    private static func entries(_ key: String, in body: Node) -> [(Range<Int>, Node)] {
        var found: [(Range<Int>, Node)] = []
        if let entry = body.entry(key) { found.append((entry.keyRange, entry.value)) }
        if let entry = body["LaunchTemplateData"]?.entry(key) { found.append((entry.keyRange, entry.value)) }
        return found
    }

    private static func ingress(_ rule: Node, _ resource: CloudResource, _ sink: inout FindingSink) {
        guard let from = rule.any("from_port", "FromPort"), let low = from.text.flatMap({ Int($0) }) else {
            return
        }
        let high = rule.any("to_port", "ToPort")?.text.flatMap { Int($0) } ?? low
        guard low <= high, let port = ports.first(where: { (low...high).contains($0) }) else { return }
        sink.report(from.range, "\(resource.name) lets people in over port \(port)")
    }

    private static func azure(_ rule: Node, _ resource: CloudResource, _ sink: inout FindingSink) {
        guard rule["direction"]?.text?.lowercased() == "inbound",
            rule["access"]?.text?.lowercased() == "allow"
        else { return }
        let ranges =
            [rule["destination_port_range"]].compactMap { $0 }
            + (rule["destination_port_ranges"]?.items ?? [])
        for range in ranges where covers(range.text ?? "") {
            sink.report(range.range, "\(resource.name) lets people in over port \(range.text ?? "")")
        }
    }

    private static func covers(_ text: String) -> Bool {
        if text == "*" { return true }
        let parts = text.split(separator: "-").compactMap { Int($0) }
        guard let low = parts.first else { return false }
        let high = parts.last ?? low
        return low <= high && ports.contains { (low...high).contains($0) }
    }
}

/// Machine images that are another one tomorrow.
enum FloatingImages {
    static func isFloating(_ text: String) -> Bool {
        let parts = text.lowercased().split { $0 == "/" || $0 == "-" || $0 == "_" || $0 == ":" || $0 == "}" }
        return parts.contains("latest") || parts.contains("recommended") || parts.contains("current")
    }

    static func report(_ resource: CloudResource, _ sink: inout FindingSink) {
        switch (resource.family, resource.type) {
        case (.data, "aws_ami"), (.data, "azurerm_image"), (.data, "openstack_images_image_v2"),
            (.data, "hcloud_image"),
            (.data, "digitalocean_image"):
            if let newest = resource.body.entry("most_recent"), newest.value.bool == true {
                return sink.report(
                    newest.keyRange,
                    "data.\(resource.type).\(resource.name) is whatever is newest"
                )
            }
            for filter in resource.body["filter"]?.itemsOrSelf ?? [] where filter["name"]?.text == "name" {
                for value in filter["values"]?.items ?? [] where value.text?.contains("*") == true {
                    sink.report(value.range, "\(value.text ?? "") meets more than one image")
                }
            }
        case (.data, "aws_ssm_parameter"):
            guard let name = resource.body["name"], isFloating(name.text ?? "") else { return }
            sink.report(name.range, "\(name.text ?? "") is another image whenever its owner publishes one")
        case (.data, "google_compute_image"):
            guard let family = resource.body.entry("family") else { return }
            sink.report(family.keyRange, "a family is whatever image of it is newest")
        case (.resource, _): machine(resource, &sink)
        default: break
        }
    }

    private static func machine(_ resource: CloudResource, _ sink: inout FindingSink) {
        let body = resource.body
        for node in [
            body["ami"], body["image_id"], body["ImageId"], body.at("LaunchTemplateData", "ImageId"),
        ] {
            guard let node, let text = node.text else { continue }
            if text.contains("resolve:ssm"), isFloating(text) {
                sink.report(node.range, "\(text) is another image whenever its owner publishes one")
            }
        }
        for reference in body["source_image_reference"]?.itemsOrSelf ?? [] {
            guard let version = reference["version"], version.text == "latest" else { continue }
            sink.report(version.range, "the version latest is whatever is newest")
        }
        for disk in (body["boot_disk"]?.itemsOrSelf ?? []) {
            for parameters in disk["initialize_params"]?.itemsOrSelf ?? [] {
                guard let image = parameters["image"], isFamily(image) else { continue }
                sink.report(
                    image.range,
                    "\(image.text ?? "") is a family, which is whatever image of it is newest"
                )
            }
        }
        for disk in resource.type == "google_compute_instance_template" ? body["disk"]?.itemsOrSelf ?? [] : []
        {
            guard let image = disk["source_image"], isFamily(image) else { continue }
            sink.report(
                image.range,
                "\(image.text ?? "") is a family, which is whatever image of it is newest"
            )
        }
    }

    /// `debian-cloud/debian-12`, but not `debian-cloud/debian-12-bookworm-v20241112`.
    private static func isFamily(_ node: Node) -> Bool {
        guard let text = node.text, !node.isUnknown else { return false }
        if text.contains("/family/") { return true }
        let last = text.split(separator: "/").last ?? ""
        return !last.split(separator: "-").contains { part in
            (part.first == "v" && part.dropFirst().count >= 8 && part.dropFirst().allSatisfy(\.isNumber))
                || (part.count >= 8 && part.allSatisfy(\.isNumber))
        } && !last.contains(where: { $0 == "@" })
            && [
                "debian-cloud", "ubuntu-os-cloud", "cos-cloud", "centos-cloud", "rocky-linux-cloud",
                "rhel-cloud", "windows-cloud", "fedora-coreos-cloud",
            ]
            .contains { text.contains($0) }
    }
}

/// Where a module comes from, and whether that can move.
enum ModuleSources {
    static func report(_ resource: CloudResource, _ sink: inout FindingSink) {
        guard let source = resource.body["source"], let text = source.text, !source.isUnknown else { return }
        if text.hasPrefix("./") || text.hasPrefix("../") || text.hasPrefix("/") { return }
        let isGit =
            text.hasPrefix("git::") || text.hasPrefix("git@") || text.hasPrefix("github.com/")
            || text.hasPrefix("bitbucket.org/") || text.contains(".git?") || text.hasSuffix(".git")
            || text.hasPrefix("hg::")
        if isGit {
            guard let mark = text.firstRange(of: "ref=") else {
                return sink.report(source.range, "\(text) is whatever its default branch holds")
            }
            let ref = text[mark.upperBound...].prefix { $0 != "&" }
            if ["main", "master", "develop", "HEAD", "trunk", "latest"].contains(String(ref)) {
                sink.report(source.range, "\(ref) is a branch, which moves")
            }
            return
        }
        let isArchive =
            text.hasPrefix("http://") || text.hasPrefix("https://") || text.hasPrefix("s3::")
            || text.hasPrefix("gcs::")
        if isArchive {
            if !text.contains("checksum=") && !text.contains("versionId=")
                && !text.contains(where: \.isNumber)
            {
                sink.report(source.range, "\(text) names no version")
            }
            return
        }
        if resource.body["version"] == nil {
            sink.report(source.range, "\(text) is used in whatever version there is")
        }
    }
}
