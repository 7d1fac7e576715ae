import KilnDrift

/// One way in which what runs comes to differ from its release.
struct Mutation: Sendable {
    let name: String
    /// For bash, as the host's root: `R` is the instance's root, `A` its `/opt/app`, `PID` its first process.
    let script: String
    /// In the instance's root; nil for what is no file of it.
    let path: String?
    /// What Kiln calls it.
    let kinds: Set<DriftFinding.Kind>
    /// A part of the finding's subject or detail.
    let words: String

    init(
        _ name: String,
        _ kinds: Set<DriftFinding.Kind>,
        at path: String? = nil,
        words: String = "",
        _ script: String
    ) {
        self.name = name
        self.script = script
        self.path = path.map { $0.hasPrefix("/") ? $0 : "/opt/app/\($0)" }
        self.kinds = kinds
        self.words = words
    }

    func isFound(in findings: [DriftFinding]) -> Bool {
        findings.contains { finding in
            guard finding.weight == .harmful, kinds.contains(finding.kind) else { return false }
            if let path, finding.subject != path { return false }
            return words.isEmpty || "\(finding.subject) \(finding.detail)".contains(words)
        }
    }
}

extension Mutation {
    /// Of files: what a person, an installer or an intruder leaves in a root that can be written to.
    static let files: [Mutation] = contents + metadata + removals + kindsOfFile + additions

    private static let contents = [
        Mutation("content of a file", [.fileChanged], at: "append", "echo more >> $A/append"),
        Mutation(
            "content, with the same size and time",
            [.fileChanged],
            at: "sneak",
            "touch -r $A/sneak $T/t; printf X | dd of=$A/sneak conv=notrunc status=none; touch -r $T/t $A/sneak"
        ),
        Mutation("file emptied", [.fileChanged], at: "empty", ": > $A/empty"),
        Mutation(
            "file replaced by another of the same name (rename over)",
            [.fileChanged],
            at: "over",
            "cp -p $A/over $A/.n; echo other > $A/.n; touch -r $A/over $A/.n; mv $A/.n $A/over"
        ),
        Mutation(
            "two files exchanged",
            [.fileChanged],
            at: "left",
            "mv $A/left $A/.x; mv $A/right $A/left; mv $A/.x $A/right"
        ),
        Mutation(
            "program replaced",
            [.fileChanged],
            at: "tool",
            "printf '#!/bin/sh\\nexit 0\\n' > $A/tool"
        ),
        Mutation(
            "account added to /etc/passwd",
            [.fileChanged],
            at: "/etc/passwd",
            "echo 'eve:x:0:0::/:/bin/sh' >> $R/etc/passwd"
        ),
        Mutation(
            "release's configuration file edited",
            [.fileChanged, .configChanged],
            at: "/etc/web/web.conf",
            "echo answer=43 > $R/etc/web/web.conf"
        ),
        Mutation(
            "file that shows another's content (overlay redirect)",
            [.fileChanged],
            at: "redirect",
            "mkdir -p $U/opt/app; cp $A/append $U/opt/app/redirect; setfattr -n trusted.overlay.redirect -v /etc/group $U/opt/app/redirect"
        ),
    ]

    private static let metadata = [
        Mutation("mode", [.fileMetadata], at: "mode", "chmod 600 $A/mode"),
        Mutation("owner", [.fileMetadata], at: "owner", "chown 1234 $A/owner"),
        Mutation("group", [.fileMetadata], at: "group", "chgrp 1234 $A/group"),
        Mutation("set-user-ID bit", [.fileMetadata], at: "suid", "chmod u+s $A/suid"),
        Mutation("folder that all may write to", [.fileMetadata], at: "folder", "chmod 1777 $A/folder"),
        Mutation("set-group-ID bit of a folder", [.fileMetadata], at: "sgid", "chmod g+s $A/sgid"),
        Mutation("extended attribute", [.fileMetadata], at: "xattr", "setfattr -n user.note -v x $A/xattr"),
        Mutation("file capability", [.fileMetadata], at: "cap", "setcap cap_net_raw+ep $A/cap"),
    ]

    private static let removals = [
        Mutation("file removed", [.fileRemoved], at: "gone", "rm $A/gone"),
        Mutation("folder removed", [.fileRemoved], at: "gonedir", "rm -r $A/gonedir"),
        Mutation("file renamed", [.fileRemoved], at: "before", "mv $A/before $A/after"),
        Mutation(
            "folder emptied and made again (opaque)",
            [.fileRemoved],
            at: "opaque/one",
            "rm -r $A/opaque; mkdir $A/opaque"
        ),
        Mutation(
            "folder replaced by one with other content (opaque)",
            [.fileChanged],
            at: "swapped/one",
            "rm -r $A/swapped; mkdir $A/swapped; echo other > $A/swapped/one"
        ),
        Mutation("link removed", [.fileRemoved], at: "gonelink", "rm $A/gonelink"),
    ]

    private static let kindsOfFile = [
        Mutation("link to another target", [.fileChanged], at: "link", "ln -sfn /etc/group $A/link"),
        Mutation(
            "link replaced by a file",
            [.fileChanged],
            at: "linkfile",
            "cat $A/linkfile > $T/c; rm $A/linkfile; cp $T/c $A/linkfile"
        ),
        Mutation("file replaced by a link", [.fileChanged], at: "filelink", "ln -sf /etc/passwd $A/filelink"),
        Mutation("hard link to another file", [.fileChanged], at: "hard", "ln -f $A/mode2 $A/hard"),
        Mutation(
            "file replaced by a folder",
            [.fileChanged],
            at: "dirfile",
            "rm $A/dirfile; mkdir $A/dirfile"
        ),
        Mutation(
            "file replaced by a device",
            [.fileChanged],
            at: "devfile",
            "rm $A/devfile; mknod $A/devfile c 1 3"
        ),
        Mutation(
            "file replaced by a pipe",
            [.fileChanged],
            at: "pipefile",
            "rm $A/pipefile; mkfifo $A/pipefile"
        ),
    ]

    private static let additions = [
        Mutation("new file", [.fileAdded], at: "new", "echo x > $A/new"),
        Mutation(
            "new executable",
            [.fileAdded],
            at: "/usr/local/bin/fresh",
            "mkdir -p $R/usr/local/bin; cp /bin/busybox $R/usr/local/bin/fresh"
        ),
        Mutation(
            "new set-user-ID program",
            [.fileAdded],
            at: "newsuid",
            "cp /bin/busybox $A/newsuid; chmod 4755 $A/newsuid"
        ),
        Mutation("new folder", [.fileAdded], at: "newdir", "mkdir $A/newdir"),
        Mutation("new link", [.fileAdded], at: "newlink", "ln -s /bin/busybox $A/newlink"),
        Mutation("new hard link", [.fileAdded], at: "newhard", "ln $A/mode3 $A/newhard"),
        Mutation("new device", [.fileAdded], at: "newdev", "mknod $A/newdev b 7 0"),
        Mutation("new pipe", [.fileAdded], at: "newpipe", "mkfifo $A/newpipe"),
        Mutation(
            "new socket",
            [.fileAdded],
            at: "newsock",
            "python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $A/newsock"
        ),
        Mutation("hidden file", [.fileAdded], at: "/srv/www/.shell", "echo x > $R/srv/www/.shell"),
        Mutation(
            "file with a name that is no text",
            [.fileAdded],
            words: "strange",
            "touch $A/strange$'\\xff\\n'name"
        ),
        Mutation(
            "library to be loaded by every program",
            [.fileAdded],
            at: "/etc/ld.so.preload",
            "echo /opt/app/x.so > $R/etc/ld.so.preload"
        ),
        Mutation(
            "job for cron",
            [.fileAdded],
            at: "/etc/cron.d/job",
            "mkdir -p $R/etc/cron.d; echo '* * * * * root true' > $R/etc/cron.d/job"
        ),
    ]

    /// What changes nothing: to find it is a false alarm.
    static let harmless: [Mutation] = [
        Mutation("file opened to be written, and left", [], at: "calm1", "exec 3<>$A/calm1; exec 3>&-"),
        Mutation("mode set to what it is", [], at: "calm2", "chmod 644 $A/calm2"),
        Mutation(
            "file written with what it holds",
            [],
            at: "calm3",
            "cat $A/calm3 > $T/c3; cat $T/c3 > $A/calm3"
        ),
        Mutation("file made and removed again", [], at: "calm4", "echo x > $A/calm4; rm $A/calm4"),
        Mutation("time of a file", [], at: "calm5", "touch $A/calm5"),
    ]

    /// The image's files that the mutations are about.
    static let tree = """
        set -e
        mkdir -p opt/app etc srv/www var/lib/dpkg/info usr/local
        cd opt/app
        for f in append sneak empty over left right tool mode mode2 mode3 owner group suid xattr cap acl gone before \\
            filelink hard dirfile devfile pipefile redirect calm1 calm2 calm3 calm5; do
          printf 'first line\\nsecond line of %s\\nthird line\\n' $f > $f
        done
        chmod 755 tool suid cap
        for d in folder sgid gonedir opaque swapped; do mkdir $d; echo one > $d/one; echo two > $d/two; done
        for l in link linkfile gonelink; do ln -s /etc/passwd $l; done
        cp /bin/busybox program
        cd ../..
        find opt/app -type f | sort | xargs md5sum > var/lib/dpkg/info/app.md5sums
        { echo /.; find opt/app | sed 's,^,/,'; } > var/lib/dpkg/info/app.list
        printf 'Package: app\\nStatus: install ok installed\\nMaintainer: m\\nArchitecture: all\\nVersion: 1\\nDescription: d\\n' \\
          > var/lib/dpkg/status
        """
}
