/// Kubernetes objects as a whole.
enum ObjectRules {
    static let all = [exclusiveClaim, mutableConfiguration, shellAccess, unsafeRollout, barePod]

    static let exclusiveClaim = LintRule(
        "IL023",
        "A Deployment holds state that one instance at a time can have",
        why:
            "The new instance waits for the old one's volume, and the old one for the new to be ready: a replacement "
            + "hangs, or two writers share one disk.",
        remedy:
            "Run it as a StatefulSet with volumeClaimTemplates, or move the state into a service of its own.",
        .warning,
        .all,
        on: [.kubernetes]
    ) { document, sink in
        guard document.objectKind == "Deployment", let pod = KubernetesReader.podSpec(document.root) else {
            return
        }
        for volume in pod["volumes"]?.items ?? [] {
            guard let claim = volume.at("persistentVolumeClaim", "claimName"), let name = claim.text else {
                continue
            }
            if sink.project.exclusiveClaims.contains(name) {
                sink.report(claim.range, "the claim \(name) can be held by one node at a time")
            }
        }
        for container in document.containers where !container.isInit {
            guard let image = container.image, StatefulImages.dataFolder(of: image) != nil else { continue }
            sink.report(
                container.range,
                "\(container.name) keeps state, and a Deployment has no place for it"
            )
        }
    }

    static let mutableConfiguration = LintRule(
        "IL025",
        "A ConfigMap or Secret can be changed under what uses it",
        why:
            "A change in place reaches some instances at once, others at their restart, and no rollback brings the "
            + "old values back.",
        remedy:
            "Set `immutable: true` and put a hash or version into the name; Kustomize's generators do both.",
        .warning,
        .all,
        on: [.kubernetes]
    ) { document, sink in
        let root = document.root
        if document.objectKind == "Kustomization" {
            guard let entry = root["generatorOptions"]?.entry("disableNameSuffixHash"),
                entry.value.bool == true
            else { return }
            return sink.report(
                entry.keyRange,
                "generated names without a hash stay the same when the values change"
            )
        }
        guard document.objectKind == "ConfigMap" || document.objectKind == "Secret" else { return }
        guard root["immutable"]?.bool != true, let name = root.at("metadata", "name") else { return }
        if root["type"]?.text == "kubernetes.io/service-account-token" { return }
        guard !hasHash(name.text ?? "") else { return }
        sink.report(
            name.range,
            "\(document.objectKind) \(name.text ?? "") is not immutable, and its name has no hash"
        )
    }

    /// Such as `-7bd9c4f6b8`, as Kustomize makes them, or a version.
    private static func hasHash(_ name: String) -> Bool {
        guard let last = name.split(separator: "-").last, name.contains("-") else { return false }
        let isHash =
            (8...64).contains(last.count) && last.contains(where: \.isNumber)
            && last.allSatisfy { $0.isNumber || ("a"..."z").contains($0) }
        return isHash || (last.first == "v" && last.dropFirst().allSatisfy(\.isNumber) && last.count > 1)
    }

    static let shellAccess = LintRule(
        "IL026",
        "A role lets people into running instances",
        why: "What is done in a shell of a pod is seen by no review, and lost or kept by chance.",
        remedy:
            "Leave pods/exec, pods/attach and pods/ephemeralcontainers out of roles; debug a copy that is taken "
            + "out of traffic and removed afterwards.",
        .warning,
        .all,
        on: [.kubernetes]
    ) { document, sink in
        guard document.objectKind == "Role" || document.objectKind == "ClusterRole" else { return }
        let doors: Set<String> = [
            "pods/exec", "pods/attach", "pods/ephemeralcontainers", "pods/*", "*", "*/*",
        ]
        let changing: Set<String> = ["create", "get", "update", "patch", "*"]
        for rule in document.root["rules"]?.items ?? [] {
            let groups = rule["apiGroups"]?.items.compactMap(\.text) ?? []
            let verbs = rule["verbs"]?.items.compactMap(\.text) ?? []
            guard groups.contains("") || groups.contains("*"), !changing.isDisjoint(with: verbs) else {
                continue
            }
            for resource in rule["resources"]?.items ?? [] {
                guard let name = resource.text, doors.contains(name) else { continue }
                let isRead = verbs.allSatisfy { $0 == "get" || $0 == "list" || $0 == "watch" }
                if name.contains("*"), isRead { continue }
                sink.report(resource.range, "\(name) opens a shell in running pods")
            }
        }
    }

    static let unsafeRollout = LintRule(
        "IL027",
        "A replacement cannot be made safely",
        why: "Where replacing means an outage, people change in place instead.",
        remedy: "Use RollingUpdate, and a readinessProbe that says when a new instance may take traffic.",
        .warning,
        .all,
        on: [.kubernetes]
    ) { document, sink in
        let spec = document.root["spec"]
        for key in ["strategy", "updateStrategy"] {
            guard let type = spec?.at(key, "type"), let text = type.text else { continue }
            if text == "Recreate" {
                sink.report(type.range, "Recreate stops all instances before the first new one")
            }
            if text == "OnDelete" {
                sink.report(type.range, "OnDelete replaces nothing until somebody deletes it")
            }
        }
        guard ["Deployment", "StatefulSet", "DaemonSet", "Rollout"].contains(document.objectKind) else {
            return
        }
        for container in document.containers where !container.isInit && !container.ports.isEmpty {
            guard container.node["readinessProbe"] == nil else { continue }
            sink.report(container.range, "\(container.name) has no readinessProbe")
        }
    }

    static let barePod = LintRule(
        "IL030",
        "A pod without a controller",
        why: "Nothing replaces it when it, or its node, goes away, and a new version means an edit by hand.",
        remedy: "Let a Deployment, StatefulSet or Job own it.",
        .warning,
        .all,
        on: [.kubernetes]
    ) { document, sink in
        guard document.objectKind == "Pod", let kind = document.root.entry("kind") else { return }
        let metadata = document.root["metadata"]
        if metadata?["ownerReferences"] != nil { return }
        let annotations = metadata?["annotations"]?.entries.map(\.key) ?? []
        let isHook = annotations.contains {
            $0.hasPrefix("helm.sh/hook") || $0 == "kubernetes.io/config.mirror"
        }
        if !isHook {
            sink.report(kind.value.range, "\(metadata?["name"]?.text ?? "the pod") belongs to no controller")
        }
    }
}
