/// The capabilities that a program's file gives it: the attribute `security.capability` (capabilities(7), linux/capability.h).
package enum FileCapability {
    package static let attribute = "security.capability"

    /// As setcap(8) takes it, such as `cap_net_bind_service=ep`; nil for what is damaged, or means another user namespace.
    package static func text(_ bytes: [UInt8]) -> String? {
        guard let head = word(bytes, 0) else { return nil }
        let pairs: Int
        switch (head >> 24, bytes.count) {
        case (1, 12): pairs = 1
        case (2, 20): pairs = 2
        case (3, 24):
            guard word(bytes, 20) == 0 else { return nil }
            pairs = 2
        default: return nil
        }
        var permitted: UInt64 = 0
        var inheritable: UInt64 = 0
        for pair in 0..<pairs {
            permitted |= UInt64(word(bytes, 4 + pair * 8) ?? 0) << UInt64(pair * 32)
            inheritable |= UInt64(word(bytes, 8 + pair * 8) ?? 0) << UInt64(pair * 32)
        }
        guard (permitted | inheritable) >> UInt64(names.count) == 0 else { return nil }
        let effective = head & 1 != 0 ? "e" : ""
        let sets: [(set: UInt64, flags: String)] = [
            (permitted & inheritable, "ip"), (permitted & ~inheritable, "p"), (inheritable & ~permitted, "i"),
        ]
        let clauses = sets.filter { $0.set != 0 }.map { clause($0.set) + "=" + effective + $0.flags }
        return clauses.isEmpty ? nil : clauses.joined(separator: " ")
    }

    private static func clause(_ set: UInt64) -> String {
        let held = names.indices.filter { place in (set >> UInt64(place)) & 1 == 1 }
        return held.map { "cap_" + names[$0] }.joined(separator: ",")
    }

    /// Little end first.
    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32? {
        guard offset + 4 <= bytes.count else { return nil }
        return bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// By number (linux/capability.h).
    private static let names = [
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
        "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
        "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
        "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease",
        "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
        "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
    ]
}
