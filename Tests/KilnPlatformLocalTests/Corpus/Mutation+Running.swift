import KilnDrift

extension Mutation {
    /// Of what runs, and of what it stands on.
    static let running: [Mutation] = mounts + programs + processes + limits + records + balancer

    private static let mounts = [
        Mutation(
            "file system mounted over a folder",
            [.overMount],
            words: "/srv/www/cgi-bin",
            "nsenter -t $PID -m -p /bin/mount -t tmpfs x /srv/www/cgi-bin"
        ),
        Mutation(
            "file mounted over a file",
            [.overMount],
            words: "/etc/group",
            "nsenter -t $PID -m -p /bin/sh -c 'echo x > /tmp/g; mount -o bind /tmp/g /etc/group'"
        ),
        Mutation(
            "mount with other options",
            [.mountChanged],
            words: "/dev/shm",
            "nsenter -t $PID -m -p /bin/mount -o remount,exec,size=80m shm /dev/shm"
        ),
        Mutation(
            "mount taken away",
            [.mountChanged],
            words: "/dev/mqueue",
            "nsenter -t $PID -m -p /bin/umount /dev/mqueue"
        ),
    ]

    private static let programs = [
        Mutation(
            "program that was added is run",
            [.foreignProcess],
            words: "/opt/app/busybox-added",
            "cp /bin/busybox $A/busybox-added; inside /opt/app/busybox-added sleep 9000"
        ),
        Mutation(
            "program whose file is gone",
            [.foreignProcess],
            words: "/opt/app/busybox-gone",
            "cp /bin/busybox $A/busybox-gone; inside /opt/app/busybox-gone sleep 9001; until_open busybox-gone; rm $A/busybox-gone"
        ),
        Mutation(
            "program run from a volume",
            [.foreignProcess],
            words: "/var/lib/web/busybox-planted",
            "cp /bin/busybox $V/data/busybox-planted; inside /var/lib/web/busybox-planted sleep 9002"
        ),
        Mutation(
            "program run from memory (memfd)",
            [.foreignProcess],
            words: "/memfd:ghost",
            "joined python3 $T/memfd.py"
        ),
        Mutation(
            "session entered through the runtime",
            [.session],
            words: "entered from the host",
            "inside /bin/sleep 9003"
        ),
        Mutation(
            "process of the host in its namespaces",
            [.foreignProcess],
            words: "came from outside",
            "visitor nsenter -t $PID -m -p -n /bin/sleep 9004"
        ),
    ]

    private static let processes = [
        Mutation(
            "process with capabilities",
            [.processChanged],
            words: "has capabilities",
            "joined nsenter -t $PID -m -p -n /bin/sleep 9005"
        ),
        Mutation(
            "process without the seccomp filter",
            [.processChanged],
            words: "without its seccomp filter",
            "true"
        ),
        Mutation(
            "process in another namespace",
            [.processChanged],
            words: "is in another",
            "true"
        ),
        Mutation("other arguments", [.processChanged], words: "has other arguments", "kill -USR1 $PID"),
        Mutation(
            "other environment",
            [.processChanged],
            words: "has other values for the variables GREETING",
            "true"
        ),
    ]

    private static let limits = [
        Mutation(
            "limit of a process (rlimit)",
            [.processChanged],
            words: "Max open files",
            """
            set -- $(awk '/^(Uid|Gid):/ {print $2}' /proc/$PID/status)
            setpriv --reuid $1 --regid $2 --clear-groups prlimit --pid $PID --nofile=99:99
            """
        ),
        Mutation(
            "memory limit",
            [.configChanged],
            words: "memory.",
            "limit memory.limit_in_bytes 60000000 memory.max"
        ),
        Mutation("limit of processes", [.configChanged], words: "pids.max", "limit pids.max 60 pids.max"),
        Mutation(
            "share of the processor",
            [.configChanged],
            words: "cpu",
            "limit cpu.cfs_quota_us 40000 cpu.max"
        ),
    ]

    private static let records = [
        Mutation(
            "runtime's configuration of the instance",
            [.configChanged],
            words: "config.json of the bundle",
            "echo ' ' >> $D/bundle/config.json"
        ),
        Mutation("sealed layer", [.layerAltered], words: "layer ", "flip $LAYER"),
        Mutation(
            "sealed configuration layer",
            [.layerAltered],
            words: "configuration layer",
            "flip $D/top.erofs"
        ),
        Mutation("blob in the image store", [.storeAltered], words: "blob ", "flip $BLOB"),
        Mutation(
            "container of no instance",
            [.strayContainer],
            words: "web-1-zzzz",
            "mkdir -p $RUNC/web-1-zzzz"
        ),
        Mutation(
            "another image in the instance's record",
            [.configChanged],
            words: "its folder names a release",
            "sed -i 's/\"imageVersion\":\"1\"/\"imageVersion\":\"2\"/' $F/web-1-bbbb/spec.json"
        ),
        Mutation("volume that no release declares", [.strayVolume], words: "planted", "mkdir $V/planted"),
        Mutation("release in the catalog", [.storeAltered], words: "release 1", "true"),
    ]

    private static let balancer = [
        Mutation(
            "balancer entry that no instance stands behind",
            [.strayServer],
            words: "evil",
            """
            for c in 'add server instances/evil 127.0.0.1:9' 'enable server instances/evil'; do
              echo "$c" | socat - UNIX-CONNECT:$SOCK
            done
            """
        ),
        Mutation(
            "balancer's file",
            [.balancerChanged],
            words: "balancer: file",
            "echo '# edited' >> $F/haproxy.cfg"
        ),
    ]
}
