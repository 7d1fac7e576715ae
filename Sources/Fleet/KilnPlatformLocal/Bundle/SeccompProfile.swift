/// A system call filter in the form of the OCI runtime spec (config-linux.md, seccomp).
package struct SeccompProfile: Sendable, Hashable, Codable {
    package var defaultAction: Action
    /// What a refused call returns, as an errno value.
    package var defaultErrnoRet: UInt32
    package var architectures: [String]
    package var syscalls: [Rule]

    package enum Action: String, Sendable, Hashable, Codable {
        case allow = "SCMP_ACT_ALLOW"
        case refuse = "SCMP_ACT_ERRNO"
    }

    package struct Rule: Sendable, Hashable, Codable {
        package var names: [String]
        package var action: Action
        package var errnoRet: UInt32?
        package var args: [Argument]?
    }

    package struct Argument: Sendable, Hashable, Codable {
        package enum Comparison: String, Sendable, Hashable, Codable {
            case equal = "SCMP_CMP_EQ"
            /// `(argument & value) == valueTwo`
            case maskedEqual = "SCMP_CMP_MASKED_EQ"
        }

        package var index: UInt32
        package var value: UInt64
        package var valueTwo: UInt64?
        package var op: Comparison
    }
}

extension SeccompProfile {
    /// Allows what servers need and refuses the rest with EPERM: mounts, namespaces, other processes' memory, kernel modules, clocks, keys, bpf, raw sockets.
    package static let standard = SeccompProfile(
        defaultAction: .refuse,
        defaultErrnoRet: errnoNotPermitted,
        architectures: architectures,
        syscalls: [
            Rule(names: SystemCalls.allowed, action: .allow),
            threadsButNoNamespaces,
            // Its flags are behind a pointer that a filter cannot read: libraries fall back to clone.
            Rule(names: ["clone3"], action: .refuse, errnoRet: errnoNoSuchCall),
        ] + socketFamilies + personalities
    )

    private static let errnoNotPermitted: UInt32 = 1
    private static let errnoNoSuchCall: UInt32 = 38

    private static var architectures: [String] {
        #if arch(arm64)
        ["SCMP_ARCH_AARCH64"]
        #else
        ["SCMP_ARCH_X86_64"]
        #endif
    }

    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET must all be off.
    private static let threadsButNoNamespaces = Rule(
        names: ["clone"],
        action: .allow,
        args: [Argument(index: 0, value: 0x7E02_0000, valueTwo: 0, op: .maskedEqual)]
    )

    /// AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK; neither packets, nor the kernel's crypto, nor the hypervisor.
    private static let socketFamilies = [1, 2, 10, 16].map { family in
        Rule(names: ["socket"], action: .allow, args: [Argument(index: 0, value: family, op: .equal)])
    }

    /// PER_LINUX, PER_LINUX32, each also with UNAME26, and the question for the current one; not the ones that weaken address randomisation.
    private static let personalities = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xFFFF_FFFF].map { persona in
        Rule(names: ["personality"], action: .allow, args: [Argument(index: 0, value: persona, op: .equal)])
    }
}
