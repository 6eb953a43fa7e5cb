/// What joins an existing distribution: the agent, its service for systemd and OpenRC, its
/// configuration and its bundle, to be unpacked at `/`.
///
/// The agent runs as the user `martlet`, which `systemd-sysusers` makes at the next start (or the
/// OpenRC script does), and may write to its data folder and to `/run/martlet` alone.
struct ServiceArchive {
    let recipe: ImageRecipe

    /// Everything that the archive holds.
    ///
    /// Folders that every system has are no entries: unpacking them would change their modes, and
    /// put a folder in the place of a link such as `/lib`.
    func entries() throws(ImageError) -> [FileTree.Entry] {
        let data = String(recipe.profile.data.path.dropFirst())
        let own: Set = ["etc/martlet", data, data + "/bundles"]
        return try tree().entries.filter { $0.content != .directory || own.contains($0.path) }
    }

    private func tree() throws(ImageError) -> FileTree {
        let data = recipe.profile.data
        guard data.path.hasPrefix("/") else {
            throw .problems(["'data.path' is not an absolute path"])
        }
        let folder = String(data.path.dropFirst())
        var tree = FileTree()
        try tree.add("usr/bin/martletd", InitialFileSystem.content(of: recipe.agent), mode: 0o755)
        try tree.add("etc/martlet", .directory, mode: 0o755)
        let files = try recipe.configuration.files(
            data: data,
            bundleName: recipe.bundle.name,
            isService: true
        )
        try tree.add(files, below: "etc/martlet")
        for (path, text, mode) in [
            ("usr/lib/systemd/system/martletd.service", unit, UInt16(0o644)),
            ("usr/lib/sysusers.d/martlet.conf", users, 0o644),
            ("usr/lib/tmpfiles.d/martlet.conf", ownership, 0o644),
            ("etc/init.d/martletd", script, 0o755),
        ] {
            try tree.add(path, .bytes([UInt8](text.utf8)), mode: mode)
        }
        try tree.add(folder, .directory, mode: 0o750)
        try tree.add("\(folder)/bundles/\(recipe.bundle.name).eib", .bytes(recipe.bundle.bytes))
        return tree
    }

    private var users: String {
        "u martlet - \"Martlet agent\" \(recipe.profile.data.path)\n"
    }

    private var ownership: String {
        """
        d \(recipe.profile.data.path) 0750 martlet martlet
        Z \(recipe.profile.data.path) - martlet martlet
        z /etc/martlet/token 0400 martlet martlet

        """
    }

    private var unit: String {
        """
        [Unit]
        Description=Martlet agent
        After=network.target systemd-tmpfiles-setup.service

        [Service]
        Type=exec
        ExecStart=/usr/bin/martletd run --config /etc/martlet/agent.conf
        User=martlet
        Group=martlet
        Restart=always
        RestartSec=5
        RuntimeDirectory=martlet
        ReadWritePaths=\(recipe.profile.data.path)
        UMask=0077
        ProtectSystem=strict
        ProtectHome=yes
        ProtectProc=invisible
        ProtectClock=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        ProtectControlGroups=yes
        PrivateTmp=yes
        PrivateDevices=yes
        NoNewPrivileges=yes
        CapabilityBoundingSet=
        AmbientCapabilities=
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        LockPersonality=yes
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        SystemCallErrorNumber=EPERM

        [Install]
        WantedBy=multi-user.target

        """
    }

    private var script: String {
        """
        #!/sbin/openrc-run
        # Starts the Martlet agent as the user martlet.

        name="Martlet agent"
        command=/usr/bin/martletd
        command_args="run --config /etc/martlet/agent.conf"
        command_user=martlet:martlet
        supervisor=supervise-daemon
        respawn_delay=5
        umask=077

        depend() {
            need localmount
            after net
        }

        start_pre() {
            if ! getent passwd martlet >/dev/null; then
                addgroup -S martlet || return 1
                adduser -S -D -H -h \(recipe.profile.data.path) -s /sbin/nologin \\
                    -G martlet martlet || return 1
            fi
            checkpath -d -m 0755 -o martlet:martlet /run/martlet || return 1
            chown -R martlet:martlet \(recipe.profile.data.path) || return 1
            if [ -e /etc/martlet/token ]; then
                chown martlet:martlet /etc/martlet/token || return 1
            fi
        }

        """
    }
}
