/// The initial RAM file system of a device: the agent as `/init`, kernel modules in the order of
/// their loading, and what they need.
///
/// ```
/// init                   the static agent, which is the first process
/// dev/console            so that the first process has an output
/// etc/system.conf        which partitions are what
/// etc/udhcpc.script      what the DHCP client runs, where there is busybox
/// lib/modules/order      file names, one a line, in the order of loading
/// lib/modules/NAME.ko    without compression
/// ```
struct InitialFileSystem {
    /// The host's file of the agent.
    let agent: String
    /// The kernel's folder of modules; needed where the profile wants some.
    let modules: String?
    /// Names of modules.
    let wanted: [String]
    /// `/etc/system.conf`.
    let systemLines: [UInt8]
    /// Further files, by their path.
    let files: FileTree

    /// Folders that the kernel or init puts something on or into.
    private static let folders = ["proc", "sys", "dev", "run", "tmp", "etc/martlet", "mnt", "root"]

    /// Everything that the archive holds.
    func tree() throws(ImageError) -> FileTree {
        var tree = FileTree()
        for folder in Self.folders {
            try tree.add(folder, .directory, mode: folder == "tmp" ? 0o1777 : 0o755)
        }
        try tree.add("dev/console", .device(major: 5, minor: 1), mode: 0o600)
        try tree.add("init", Self.content(of: agent), mode: 0o755)
        try tree.add("etc/system.conf", .bytes(systemLines), mode: 0o644)
        try tree.add(files, below: "")
        if files["bin/busybox"] != nil, files["etc/udhcpc.script"] == nil {
            let script = [UInt8](Self.addressScript.utf8)
            try tree.add("etc/udhcpc.script", .bytes(script), mode: 0o755)
        }
        try addModules(to: &tree)
        return tree
    }

    /// Writes the archive, compressed with gzip, which every kernel unpacks.
    func write(_ path: String, cancellation: Cancellation) throws(ImageError) {
        let writer = try ArchiveWriter(path, format: .newc, filter: .gzip)
        try writer.write(tree(), cancellation: cancellation)
        try writer.finish()
    }

    private func addModules(to tree: inout FileTree) throws(ImageError) {
        var order = ""
        if !wanted.isEmpty {
            guard let modules else { throw .problems(["the input 'modules' is missing"]) }
            let folder = try Self.moduleFolder(modules)
            for module in try ModuleClosure(of: wanted, in: folder).modules {
                let source = folder + "/" + module.path
                let content: FileTree.Content =
                    module.path.hasSuffix(".ko")
                    ? try Self.content(of: source)
                    : .bytes(try ArchiveTransfer.decompressed(source))
                try tree.add("lib/modules/\(module.name).ko", content, mode: 0o644)
                order += module.name + ".ko\n"
            }
        }
        try tree.add("lib/modules/order", .bytes([UInt8](order.utf8)), mode: 0o644)
    }

    /// The folder that holds `modules.dep`: the one given, or the only one in it.
    private static func moduleFolder(_ given: String) throws(ImageError) -> String {
        let names = try FileTree.names(in: given)
        if names.contains("modules.dep") { return given }
        guard names.count == 1,
            try FileTree.names(in: given + "/" + names[0]).contains("modules.dep")
        else {
            throw .wrongKind(path: given, expected: "a folder with modules.dep (run depmod)")
        }
        return given + "/" + names[0]
    }

    static func content(of path: String) throws(ImageError) -> FileTree.Content {
        .file(path: path, sizeBytes: try SparseFile(reading: path).sizeBytes)
    }

    /// What busybox's DHCP client runs when something changes; `$1` says what.
    static let addressScript = """
        #!/bin/busybox sh
        b=/bin/busybox
        case "$1" in
        deconfig)
            $b ifconfig "$interface" 0.0.0.0 up
            ;;
        bound | renew)
            $b ifconfig "$interface" "$ip" netmask "${subnet:-255.255.255.0}" up
            while $b route del default dev "$interface" 2>/dev/null; do :; done
            for gateway in $router; do
                $b route add default gw "$gateway" dev "$interface" && break
            done
            : >/etc/resolv.conf.new
            for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf.new; done
            $b mv /etc/resolv.conf.new /etc/resolv.conf
            ;;
        esac

        """
}
