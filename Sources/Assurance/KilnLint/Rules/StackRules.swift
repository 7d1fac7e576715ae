/// CloudFormation's own ways of changing machines that are there.
enum StackRules {
    static let all = [updateInPlace]

    static let updateInPlace = LintRule(
        "IL049",
        "A stack changes machines in place, or cannot replace them",
        why:
            "cfn-hup, Run Command and State Manager change what runs; a group without an UpdatePolicy keeps its old "
            + "machines when its template changes.",
        remedy: "Bake the image, and give the group an UpdatePolicy (AutoScalingRollingUpdate or "
            + "AutoScalingReplacingUpdate).",
        .warning,
        .all,
        on: [.cloudformation]
    ) { document, sink in
        for entry in document.root["Resources"]?.entries ?? [] {
            let resource = entry.value
            if let metadata = resource["Metadata"]?.entry("AWS::CloudFormation::Init") {
                sink.report(metadata.keyRange, "\(entry.key) is configured by cfn-init after it booted")
            }
            if let fault = fault(of: resource, entry.key) { sink.report(entry.keyRange, fault) }
        }
        for script in document.scripts where script.phase == .boot {
            for command in script.commands where command.program == "cfn-hup" {
                sink.report(
                    script.place(of: command, in: document.source),
                    "cfn-hup changes the machine whenever the stack does"
                )
            }
        }
    }
    private static func fault(of resource: Node, _ name: String) -> String? {
        switch resource["Type"]?.text {
        case "AWS::SSM::Association", "AWS::SSM::MaintenanceWindowTask":
            return "\(name) runs documents on machines that are there already"
        case "AWS::SSM::Document":
            let type = resource.at("Properties", "DocumentType")?.text ?? "Command"
            guard type == "Command" || type == "Automation" else { return nil }
            return "\(name) is made to be run on machines that are there already"
        case "AWS::OpsWorks::Stack", "AWS::OpsWorks::Instance", "AWS::OpsWorks::App":
            return "OpsWorks configures machines after they were made"
        case "AWS::CodeDeploy::DeploymentGroup":
            let style = resource.at("Properties", "DeploymentStyle", "DeploymentType")?.text
            let isReplacing = style == "BLUE_GREEN" || resource.at("Properties", "ECSServices") != nil
            return isReplacing ? nil : "CodeDeploy changes machines that are there already"
        case "AWS::AutoScaling::AutoScalingGroup":
            let policy = resource["UpdatePolicy"]
            let isReplacing =
                policy?["AutoScalingRollingUpdate"] != nil || policy?["AutoScalingReplacingUpdate"] != nil
            return isReplacing ? nil : "\(name) has no UpdatePolicy: old machines stay"
        default: return nil
        }
    }
}
