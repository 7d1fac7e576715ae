/// Changes to what runs already.
enum MutationRules {
    static let all = [inPlaceChange]

    static let inPlaceChange = LintRule(
        "IL040",
        "Something that runs is changed in place",
        why:
            "A machine that was changed after it came up is like no other: nothing says what is on it, and its "
            + "replacement will lack the change.",
        remedy: "Bake the change into an image, and replace what runs with a release of it.",
        .error,
        .core,
        on: [.terraform, .github, .gitlab, .kubernetes, .compose, .cloudformation, .cloudInit, .packer]
    ) { document, sink in
        for script in document.scripts where [.pipeline, .local, .boot, .start].contains(script.phase) {
            for command in script.commands {
                guard let what = InPlaceCommand.of(command) else { continue }
                sink.report(script.place(of: command, in: document.source), what)
            }
        }
        provisioners(document, &sink)
        updaters(document, &sink)
    }

    /// Terraform's provisioners change a machine after it was made; `local-exec` is judged by its commands.
    private static func provisioners(_ document: LintDocument, _ sink: inout FindingSink) {
        guard document.kind == .terraform else { return }
        for resource in document.resources where resource.family == .resource {
            for provisioner in Provisioner.all(of: resource.body) {
                switch provisioner.type {
                case "remote-exec":
                    sink.report(
                        provisioner.range,
                        "remote-exec runs commands on \(resource.type).\(resource.name) after it was made"
                    )
                case "file":
                    sink.report(
                        provisioner.range,
                        "file copies to \(resource.type).\(resource.name) after it was made"
                    )
                case "chef", "puppet", "salt-masterless", "habitat":
                    sink.report(
                        provisioner.range,
                        "\(provisioner.type) configures \(resource.type).\(resource.name) after it was made"
                    )
                default: break
                }
            }
            if let what = InPlaceResource.of(resource) { sink.report(resource.range, what) }
        }
    }

    /// Programs whose purpose is to change running containers by themselves.
    private static func updaters(_ document: LintDocument, _ sink: inout FindingSink) {
        for image in document.images where image.role == .container {
            let name = image.name
            if ["watchtower", "ouroboros", "shepherd", "diun-updater"].contains(name.short) {
                sink.report(
                    image.range,
                    "\(name.short) swaps the images of running containers when a tag moves"
                )
            }
        }
        guard document.kind == .kubernetes else { return }
        let annotations = document.root.at("metadata", "annotations")?.entries ?? []
        for entry in annotations {
            let isUpdater =
                entry.key.hasPrefix("argocd-image-updater.argoproj.io/") || entry.key.hasPrefix("keel.sh/")
            guard isUpdater, let value = entry.value.text else { continue }
            let follows =
                entry.key.hasSuffix("update-strategy")
                && ["latest", "newest-build", "name", "alphabetical"].contains(value)
            let forced = entry.key == "keel.sh/policy" && value != "never"
            if follows || forced {
                sink.report(
                    entry.keyRange,
                    "the image is swapped when a tag moves, past the manifest that was reviewed"
                )
            }
        }
    }
}

/// `provisioner "type" { … }` blocks of a resource.
struct Provisioner {
    let type: String
    let range: Range<Int>
    let body: Node

    static func all(of body: Node) -> [Provisioner] {
        body.entries.filter { $0.key == "provisioner" }.flatMap { entry in
            entry.value.itemsOrSelf.flatMap { block in
                block.entries.map {
                    Provisioner(type: $0.key, range: $0.keyRange, body: $0.value.items.first ?? $0.value)
                }
            }
        }
    }
}

/// Resources that exist to change others.
enum InPlaceResource {
    static func of(_ resource: CloudResource) -> String? {
        switch resource.type {
        case "aws_ssm_association", "aws_ssm_maintenance_window_task":
            return "\(resource.type).\(resource.name) runs documents on machines that are there already"
        case "aws_ssm_document":
            let type = resource.body["document_type"]?.text
            return type == "Command" || type == "Automation"
                ? "the document \(resource.name) is made to be run on machines that are there already" : nil
        case "azurerm_virtual_machine_extension", "azurerm_linux_virtual_machine_extension",
            "azurerm_virtual_machine_scale_set_extension", "azurerm_virtual_machine_run_command":
            let publisher = resource.body["type"]?.text ?? ""
            let runs =
                resource.type.hasSuffix("run_command") || publisher.hasPrefix("CustomScript")
                || publisher.contains("DSC")
            return runs
                ? "\(resource.type).\(resource.name) runs scripts on a machine after it was made" : nil
        case "google_os_config_os_policy_assignment", "google_os_config_patch_deployment",
            "google_os_config_guest_policies":
            return "\(resource.type).\(resource.name) changes packages of machines that are there already"
        case "ansible_playbook":
            return "a playbook is run on machines that are there already"
        case "ssh_resource", "remote_file", "sshcommand_command", "linux_file", "linux_script":
            return "\(resource.type).\(resource.name) changes a machine over SSH"
        case "aws_opsworks_instance", "aws_opsworks_stack", "aws_opsworks_application":
            return "OpsWorks configures machines after they were made"
        default: return nil
        }
    }
}
