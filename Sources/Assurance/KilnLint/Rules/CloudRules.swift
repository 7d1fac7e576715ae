/// Machines of clouds, as Terraform and CloudFormation describe them.
enum CloudRules {
    static let all = [
        installsAtBoot, openDoor, floatingImage, unsafeReplace, hiddenDrift, mutableRegistry, localState,
        unpinnedModule,
    ]

    static let installsAtBoot = LintRule(
        "IL041",
        "A machine is provisioned when it boots",
        why:
            "Each instance is then made on the day it starts: two of one group differ, a start needs every server "
            + "that is asked, and a scan of the image says nothing about what runs.",
        remedy:
            "Bake packages and code into the image; leave to user data what belongs to the one instance, such as "
            + "its name.",
        .error,
        .core,
        on: [.terraform, .cloudformation, .cloudInit]
    ) { document, sink in
        for script in document.scripts where script.phase == .boot {
            for command in script.commands {
                guard let what = StartChange.of(command) ?? fetch(command) else { continue }
                sink.report(script.place(of: command, in: document.source), "at boot: \(what)")
            }
        }
    }

    private static func fetch(_ command: ShellCommand) -> String? {
        let words = command.operands(valued: ["--region", "--profile"]).map(\.text)
        switch command.program {
        case "aws" where words.first == "s3" && ["cp", "sync"].contains(words.dropFirst().first):
            return words.dropFirst(2).first?.hasPrefix("s3://") == true
                ? "aws s3 \(words[1]) brings in what was not baked" : nil
        case "gsutil" where words.first == "cp" || words.first == "rsync":
            return "gsutil brings in what was not baked"
        case "curl", "wget":
            guard let address = Downloads.address(of: command) else { return nil }
            return "\(command.program) fetches \(address.text)"
        case "cfn-init": return "cfn-init installs and writes what was not baked"
        case "amazon-linux-extras" where words.first == "install" || words.first == "enable",
            "snap" where words.first == "install", "add-apt-repository", "apt-key":
            return "\(command.program) changes the packages that were baked"
        default: return nil
        }
    }

    static let openDoor = LintRule(
        "IL042",
        "A door for logging in: SSH or RDP",
        why: "Who can log in will repair in place, and from then on that machine is like no other.",
        remedy: "Leave out key and rule. Look through logs and metrics, change with a new image.",
        .error,
        .core,
        on: [.terraform, .cloudformation]
    ) { document, sink in
        for resource in document.resources where resource.family == .resource {
            Doors.report(resource, &sink)
        }
    }

    static let floatingImage = LintRule(
        "IL043",
        "The machine image is whatever is newest",
        why:
            "The next plan, or the next instance of a group, may start from another image than the one that was "
            + "tested.",
        remedy: "Name the image by its id, and move the id when a new one has passed its tests.",
        .warning,
        .all,
        on: [.terraform, .cloudformation]
    ) { document, sink in
        for resource in document.resources { FloatingImages.report(resource, &sink) }
        guard document.kind == .cloudformation else { return }
        for parameter in document.root["Parameters"]?.entries ?? [] {
            let type = parameter.value["Type"]?.text ?? ""
            guard type.contains("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"),
                let value = parameter.value["Default"],
                FloatingImages.isFloating(value.text ?? "")
            else { continue }
            sink.report(value.range, "\(value.text ?? "") is another image whenever its owner publishes one")
        }
    }

    static let unsafeReplace = LintRule(
        "IL044",
        "Replacing a machine takes it away first, or replaces none",
        why:
            "Where a replacement means an outage, people change in place instead; a group without a refresh keeps "
            + "old machines beside new ones.",
        remedy:
            "Set `create_before_destroy` in the resource's lifecycle, and give a group an `instance_refresh`.",
        .warning,
        .all,
        on: [.terraform]
    ) { document, sink in
        let replaced: Set<String> = [
            "aws_instance", "aws_launch_configuration", "aws_launch_template", "google_compute_instance",
            "google_compute_instance_template", "azurerm_linux_virtual_machine",
            "azurerm_windows_virtual_machine",
            "openstack_compute_instance_v2", "hcloud_server", "digitalocean_droplet",
        ]
        for resource in document.resources where resource.family == .resource {
            if replaced.contains(resource.type) {
                let lifecycle = resource.body["lifecycle"]?.itemsOrSelf.first
                let value = lifecycle?["create_before_destroy"]
                if value?.bool != true, value?.isUnknown != true {
                    sink.report(
                        resource.range,
                        "\(resource.type).\(resource.name) is destroyed before its replacement is there"
                    )
                }
            } else if resource.type == "aws_autoscaling_group", resource.body["instance_refresh"] == nil {
                sink.report(
                    resource.range,
                    "the group \(resource.name) has no instance_refresh: old machines stay"
                )
            }
        }
    }

    static let hiddenDrift = LintRule(
        "IL045",
        "Changes of the image or its user data are ignored",
        why: "The configuration then says one thing and the machine is another, and no plan shows it.",
        remedy: "Take ami, image and user_data out of `ignore_changes`; let a change replace the machine.",
        .warning,
        .all,
        on: [.terraform]
    ) { document, sink in
        let hidden: Set<String> = [
            "ami", "image", "image_id", "user_data", "user_data_base64", "custom_data", "source_image_id",
            "source_image_reference", "metadata_startup_script", "boot_disk", "launch_template",
            "container_definitions",
            "image_uri", "all", "task_definition",
        ]
        for resource in document.resources where resource.family == .resource {
            for lifecycle in resource.body["lifecycle"]?.itemsOrSelf ?? [] {
                for item in lifecycle["ignore_changes"]?.itemsOrSelf ?? [] {
                    let name = (item.text ?? "").prefix { $0 != "[" && $0 != "." }
                    guard hidden.contains(String(name)) else { continue }
                    sink.report(
                        item.range,
                        "\(resource.type).\(resource.name): changes of \(name) are not seen"
                    )
                }
            }
        }
    }

    static let mutableRegistry = LintRule(
        "IL046",
        "Tags of the registry can be moved, or nothing is scanned",
        why:
            "A tag that was released can come to mean another image; what is not scanned on arrival is found by "
            + "those who run it.",
        remedy: "Set the repository's tag mutability to IMMUTABLE and scan_on_push to true.",
        .warning,
        .core,
        on: [.terraform, .cloudformation]
    ) { document, sink in
        let scansAll = document.resources.contains { $0.type.contains("ecr_registry_scanning_configuration") }
        for resource in document.resources where resource.family == .resource {
            let (mutability, scan): (Node?, Node?)
            switch resource.type {
            case "aws_ecr_repository":
                mutability = resource.body["image_tag_mutability"]
                scan = resource.body["image_scanning_configuration"]?.itemsOrSelf.first?["scan_on_push"]
            case "AWS::ECR::Repository":
                mutability = resource.body["ImageTagMutability"]
                scan = resource.body.at("ImageScanningConfiguration", "ScanOnPush")
            default: continue
            }
            if mutability?.isUnknown != true, mutability?.tag == nil,
                mutability?.text?.hasPrefix("IMMUTABLE") != true
            {
                sink.report(mutability?.range ?? resource.range, "tags of \(resource.name) can be moved")
            }
            if scan?.isUnknown != true, scan?.tag == nil, scan?.bool != true, !scansAll {
                sink.report(
                    scan?.range ?? resource.range,
                    "images pushed to \(resource.name) are not scanned"
                )
            }
        }
    }

    static let localState = LintRule(
        "IL047",
        "Data or logs stay on the machine",
        why: "What is kept on an instance keeps the instance: nobody dares to replace it.",
        remedy:
            "Put data on a volume or service of its own, and send logs to a collector (`logConfiguration`).",
        .warning,
        .all,
        on: [.terraform, .cloudformation, .ecs]
    ) { document, sink in
        for container in document.containers {
            let log = container.node.any("logConfiguration", "LogConfiguration")
            if log == nil {
                sink.report(
                    container.range,
                    "\(container.name) has no log driver: its logs stay on the machine"
                )
            } else if let driver = log?.any("logDriver", "LogDriver"),
                ["json-file", "none", "local"].contains(driver.text)
            {
                sink.report(
                    driver.range,
                    "\(driver.text ?? "") keeps logs of \(container.name) on the machine"
                )
            }
        }
        for resource in document.resources where resource.family == .resource {
            for disk in resource.body["root_block_device"]?.itemsOrSelf ?? [] {
                guard let keep = disk.entry("delete_on_termination"), keep.value.bool == false else {
                    continue
                }
                sink.report(keep.keyRange, "the root disk of \(resource.name) outlives it: data is on it")
            }
        }
    }

    static let unpinnedModule = LintRule(
        "IL048",
        "A module or provider has no version",
        why: "The same configuration makes other machines when its author publishes something new.",
        remedy: "Give `version` (modules of a registry, providers), or `?ref=` with a tag or commit (git).",
        .warning,
        .all,
        on: [.terraform]
    ) { document, sink in
        for resource in document.resources {
            if resource.family == .module { ModuleSources.report(resource, &sink) }
            guard resource.family == .other, resource.type == "terraform" else { continue }
            for block in resource.body["required_providers"]?.itemsOrSelf ?? [] {
                for provider in block.entries where provider.value.isMap && provider.value["version"] == nil {
                    sink.report(provider.keyRange, "the provider \(provider.key) has no version")
                }
            }
        }
    }
}
