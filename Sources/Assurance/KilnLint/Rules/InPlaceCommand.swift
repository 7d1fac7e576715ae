/// Commands that change a machine, container or pod that runs already.
enum InPlaceCommand {
    /// In a few words; nil for a command that changes nothing that runs.
    static func of(_ command: ShellCommand) -> String? {
        switch command.program {
        case "ssh", "autossh", "sshpass", "mosh": return ssh(command)
        case "scp", "sftp":
            return isRemote(command.arguments) ? "\(command.program) copies to a machine that runs" : nil
        case "rsync": return isRemote(command.arguments) ? "rsync copies to a machine that runs" : nil
        case "ansible", "ansible-playbook", "ansible-pull": return ansible(command)
        case "kubectl", "oc", "k3s", "microk8s": return kubectl(command)
        case "docker", "podman", "nerdctl": return docker(command)
        case "docker-compose": return compose(command, command.operands().map(\.text))
        case "aws": return aws(command)
        case "gcloud": return gcloud(command)
        case "az": return az(command)
        case "knife", "chef-run", "bolt", "salt", "salt-ssh", "pssh", "pdsh", "parallel-ssh", "fab", "cap",
            "dsh", "clush":
            let harmless = command.hasOption("--version", "--help") || command.arguments.isEmpty
            return harmless ? nil : "\(command.program) changes machines that run"
        case "heroku" where command.arguments.first == "run": return "heroku run changes what runs"
        case "nomad" where command.arguments.starts(with: ["alloc", "exec"]):
            return "nomad alloc exec opens a shell in what runs"
        default: return nil
        }
    }

    /// A shell or command on another machine. Tunnels and looks at keys change nothing.
    private static func ssh(_ command: ShellCommand) -> String? {
        if command.program == "sshpass" {
            let inner = command.arguments.contains {
                $0 == "ssh" || $0 == "scp" || $0 == "rsync" || $0 == "sftp"
            }
            return inner ? "sshpass runs commands on a machine that runs" : nil
        }
        let arguments = command.arguments
        if arguments.isEmpty || arguments.contains("-V") || arguments.contains("-Q")
            || arguments.contains("-G")
        {
            return nil
        }
        let isTunnel = arguments.contains {
            $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("N") && $0.count <= 5
        }
        if isTunnel { return nil }
        let valued: Set<String> = [
            "-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-E", "-m", "-W", "-S",
        ]
        let operands = command.operands(valued: valued).map(\.text)
        guard let host = operands.first else { return nil }
        // A forge answers who you are, and runs nothing.
        if host.hasSuffix("github.com") || host.hasSuffix("gitlab.com") || host.hasSuffix("bitbucket.org") {
            return nil
        }
        if arguments.contains("-T"), operands.count == 1, command.input == nil, command.redirects.isEmpty {
            return nil
        }
        return "ssh runs commands on \(host)"
    }

    /// `host:path`, but no address of the web and no path of this machine.
    private static func isRemote(_ arguments: [String]) -> Bool {
        guard let target = arguments.last, !target.hasPrefix("-"), arguments.count > 1 else { return false }
        if target.hasPrefix("rsync://") { return true }
        guard let colon = target.firstIndex(of: ":"), !target[..<colon].contains("/") else { return false }
        return true
    }

    private static func ansible(_ command: ShellCommand) -> String? {
        if command.hasOption("--version", "--syntax-check", "--list-hosts", "--list-tasks", "--check", "-C") {
            return nil
        }
        if isLocalOnly(command) { return nil }
        if command.arguments.isEmpty { return nil }
        return "\(command.program) changes machines that run"
    }

    private static func isLocalOnly(_ command: ShellCommand) -> Bool {
        command.option("-c", "--connection") == "local"
            || ["localhost,", "127.0.0.1,"].contains(command.option("-i", "--inventory") ?? "")
    }

    private static func kubectl(_ command: ShellCommand) -> String? {
        let valued: Set<String> = [
            "-n", "--namespace", "--context", "--kubeconfig", "--cluster", "--user", "-c", "--container",
            "-l", "-f", "-o",
        ]
        var words = command.operands(valued: valued).map(\.text)
        if words.first == "kubectl" { words.removeFirst() }
        let dry = command.arguments.contains { $0.hasPrefix("--dry-run") && !$0.hasSuffix("none") }
        guard let verb = words.first, !dry else { return nil }
        switch verb {
        case "exec", "attach": return "kubectl \(verb) opens a shell in a pod that runs"
        case "cp", "rsync": return copiesIn(words) ? "kubectl \(verb) copies into a pod that runs" : nil
        case "edit", "patch": return "kubectl \(verb) changes an object past its manifest"
        case "debug": return "kubectl debug puts a shell into a pod that runs"
        case "set":
            let what = words.dropFirst().first ?? ""
            guard ["image", "env", "resources"].contains(what) else { return nil }
            return command.hasOption("--local")
                ? nil : "kubectl set \(what) changes what runs past its manifest"
        case "rsh": return "oc rsh opens a shell in a pod that runs"
        default: return nil
        }
    }

    /// `cp FILE pod:path`; out of a pod is looking.
    private static func copiesIn(_ words: [String]) -> Bool {
        guard words.count >= 3 else { return false }
        return words[2].contains(":")
    }

    private static func docker(_ command: ShellCommand) -> String? {
        let valued: Set<String> = ["-H", "--host", "-c", "--context", "--config", "-l", "--log-level"]
        var words = command.operands(valued: valued).map(\.text)
        if words.first == "container" { words.removeFirst() }
        guard let verb = words.first else { return nil }
        switch verb {
        case "exec", "attach": return "docker \(verb) opens a shell in a container that runs"
        case "commit": return "docker commit makes an image of whatever a container has become"
        case "cp": return copiesIn(words) ? "docker cp copies into a container" : nil
        case "compose": return compose(command, Array(words.dropFirst()))
        default: return nil
        }
    }

    private static func compose(_ command: ShellCommand, _ words: [String]) -> String? {
        guard words.contains("exec"), !words.contains("run") else { return nil }
        return "compose exec opens a shell in a container that runs"
    }

    private static func aws(_ command: ShellCommand) -> String? {
        let words = command.operands(valued: ["--region", "--profile", "--output", "--query"]).map(\.text)
        guard words.count >= 2 else { return nil }
        switch (words[0], words[1]) {
        case ("ssm", "send-command"), ("ssm", "start-session"), ("ssm", "create-association"),
            ("ssm", "start-automation-execution"):
            return "aws ssm \(words[1]) changes machines that run"
        case ("ecs", "execute-command"): return "aws ecs execute-command opens a shell in a task that runs"
        case ("deploy", "create-deployment"):
            return command.arguments.contains { $0.contains("ecs") || $0.contains("lambda") }
                ? nil
                : "CodeDeploy changes machines that run"
        case ("ec2-instance-connect", "send-ssh-public-key"), ("ec2-instance-connect", "ssh"):
            return "aws ec2-instance-connect opens a door for SSH"
        default: return nil
        }
    }

    private static func gcloud(_ command: ShellCommand) -> String? {
        let words = command.operands().map(\.text)
        if words.starts(with: ["compute", "ssh"]) || words.starts(with: ["compute", "scp"]) {
            return "gcloud compute \(words[1]) changes a machine that runs"
        }
        if words.starts(with: ["compute", "os-config", "patch-jobs"]) {
            return "gcloud os-config patches machines that run"
        }
        return nil
    }

    private static func az(_ command: ShellCommand) -> String? {
        let words = command.operands().map(\.text)
        if words.starts(with: ["vm", "run-command"]) || words.starts(with: ["vmss", "run-command"]) {
            return "az \(words[0]) run-command changes a machine that runs"
        }
        if words.starts(with: ["vm", "extension", "set"]) || words.starts(with: ["ssh", "vm"]) {
            return "az \(words.prefix(2).joined(separator: " ")) changes a machine that runs"
        }
        if words.starts(with: ["container", "exec"]) || words.starts(with: ["containerapp", "exec"]) {
            return "az \(words[0]) exec opens a shell in what runs"
        }
        return nil
    }
}
