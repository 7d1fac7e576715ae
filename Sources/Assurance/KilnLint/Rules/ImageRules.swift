/// What images are named by.
enum ImageRules {
    static let all = [movingTag, tagOnly, hiddenDefault, unlisted, unresolved]

    private static let everywhere: [FileKind] = [
        .dockerfile, .kubernetes, .compose, .terraform, .cloudformation, .ecs, .github, .gitlab, .kiln,
    ]

    static let movingTag = LintRule(
        "IL001",
        "The image has no tag, or one that is there to be moved",
        why:
            "What runs depends on the day it was pulled: two instances of one release may hold different code, "
            + "and a rollback cannot bring the earlier one back.",
        remedy:
            "Name a release and its digest: `nginx:1.27.3@sha256:…`. `kiln lint --fix --registry` puts it in.",
        .error,
        .core,
        on: everywhere
    ) { document, sink in
        for image in document.images where !image.isUnknown && image.defaults.isEmpty {
            let name = image.name
            guard !name.isPinned, name.digest == nil, name.hasMovingTag else { continue }
            let message =
                name.tag.map { "\(image.text): the tag \($0) is moved from release to release" }
                ?? "\(image.text) has no tag, which means latest"
            sink.report(image.range, message, repair: pin(image))
        }
    }

    static let tagOnly = LintRule(
        "IL002",
        "The image is not pinned to a digest",
        why:
            "A tag is a name that its owner, or whoever has the owner's password, can give to another image.",
        remedy:
            "Put the digest behind the tag: `app:1.4.2@sha256:…`. `kiln lint --fix` takes it from kiln.lock, and "
            + "with `--registry` from the registry.",
        .warning,
        .core,
        on: everywhere
    ) { document, sink in
        for image in document.images where !image.isUnknown && image.defaults.isEmpty {
            let name = image.name
            if name.isPinned { continue }
            if let digest = name.digest {
                sink.report(image.range, "\(digest) is no whole sha256 digest")
            } else if !name.hasMovingTag {
                sink.report(image.range, "\(image.text) is a tag alone", repair: pin(image))
            }
        }
    }

    private static func pin(_ image: ImageUse) -> Repair? {
        image.isLiteral ? .pin(image: image.text, at: image.range) : nil
    }

    static let hiddenDefault = LintRule(
        "IL003",
        "The base image comes from an argument whose default is not pinned",
        why: "The `FROM` line looks like a choice, and the default behind it moves like any other tag.",
        remedy: "Give the argument's default a digest: `ARG BASE=debian:12.8@sha256:…`.",
        .warning,
        .core,
        on: [.dockerfile, .compose]
    ) { document, sink in
        for image in document.images where !image.isUnknown && !image.defaults.isEmpty {
            guard !image.name.isPinned else { continue }
            let names = image.defaults.joined(separator: ", ")
            sink.report(image.range, "\(image.text), by the default of \(names), is not pinned to a digest")
        }
    }

    static let unlisted = LintRule(
        "IL029",
        "The image is from a registry that is not on the list",
        why:
            "Signatures and scans are checked where your own images are; what comes from elsewhere was looked at "
            + "by nobody.",
        remedy:
            "Copy the image into a registry on the list (`registries:` in .kiln-lint.yaml), where it is scanned "
            + "and signed, and use that copy.",
        .warning,
        .all,
        on: [.kubernetes, .compose, .dockerfile, .ecs, .terraform, .cloudformation]
    ) { document, sink in
        guard !sink.settings.registries.isEmpty else { return }
        for image in document.images where !image.isUnknown {
            let name = image.name
            let full = name.registry == "docker.io" ? "docker.io/" + name.repository : name.repository
            let isListed = sink.settings.registries.contains { full == $0 || full.hasPrefix($0 + "/") }
            if !isListed { sink.report(image.range, "\(name.repository) is from \(name.registry)") }
        }
    }

    static let unresolved = LintRule(
        "IL062",
        "The image is named by a variable that has no value here",
        why: "Whether the image is pinned cannot be said from this file, and what cannot be said is no pass.",
        remedy: "Write the image out, or give the variable a default that is pinned to a digest.",
        .warning,
        .core,
        on: everywhere
    ) { document, sink in
        for image in document.images where image.isUnknown {
            sink.report(
                image.range,
                "\(image.text) is unknown here: \(image.unknown.joined(separator: ", "))"
            )
        }
    }
}
