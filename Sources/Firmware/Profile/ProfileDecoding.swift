import BootControl

/// A profile's values from its tree, part by part.
enum ProfileDecoding {
    static func profile(_ node: ProfileNode) throws(FirmwareProfileError) -> FirmwareProfile {
        let mapping = try node.mapping([
            "name", "description", "target", "disk", "partitions", "inputs", "boot", "initramfs",
            "data", "configuration",
        ])
        return FirmwareProfile(
            name: try name(mapping.required("name")),
            description: try mapping.required("description").text(
                limit: FirmwareProfile.sentenceSizeMax
            ),
            target: try name(mapping.required("target")),
            disk: try mapping["disk"].map(disk),
            partitions: try mapping["partitions"].map(partitions) ?? [],
            inputs: try mapping["inputs"].map(inputs) ?? [:],
            boot: try mapping["boot"].map(boot) ?? .none,
            initramfs: try mapping["initramfs"].map(initramfs),
            data: try dataArea(mapping.required("data")),
            configuration: try configuration(mapping["configuration"])
        )
    }

    private static func disk(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> FirmwareProfile.Disk {
        let mapping = try node.mapping([
            "table", "seed", "size-bytes", "minimum-media-bytes", "alignment-bytes",
            "media-classes", "verification",
        ])
        let size = try mapping.required("size-bytes").number(1...FirmwareProfile.sizeMax)
        return FirmwareProfile.Disk(
            table: try mapping.required("table").word(),
            seed: try mapping.required("seed").text(limit: FirmwareProfile.sentenceSizeMax),
            sizeBytes: size,
            minimumMediaBytes: try mapping["minimum-media-bytes"]
                .map { (node) throws(FirmwareProfileError) in
                    try node.number(1...FirmwareProfile.sizeMax)
                } ?? size,
            alignmentBytes: try mapping["alignment-bytes"].map(alignment)
                ?? FirmwareProfile.defaultAlignmentBytes,
            mediaClasses: try mediaClasses(mapping.required("media-classes")),
            verification: try mapping["verification"]
                .map { (node) throws(FirmwareProfileError) in try node.word() } ?? .full
        )
    }

    private static func alignment(_ node: ProfileNode) throws(FirmwareProfileError) -> Int64 {
        let alignment = try node.number(FirmwareProfile.alignmentRange)
        guard alignment.nonzeroBitCount == 1 else {
            throw .malformedText(
                path: node.path,
                value: "\(alignment)",
                rule: "a power of two"
            )
        }
        return alignment
    }

    private static func mediaClasses(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> [MediaClass] {
        var classes: [MediaClass] = []
        for item in try node.list(limit: MediaClass.ofProfiles.count) {
            classes.append(try item.word(of: MediaClass.ofProfiles))
        }
        return classes
    }

    private static func partitions(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> [FirmwareProfile.Partition] {
        var partitions: [FirmwareProfile.Partition] = []
        for item in try node.list(limit: FirmwareProfile.partitionCountMax) {
            partitions.append(try partition(item))
        }
        return partitions
    }

    private static func partition(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> FirmwareProfile.Partition {
        let mapping = try node.mapping([
            "name", "kind", "slot", "size-bytes", "start-bytes", "filesystem", "files",
        ])
        return FirmwareProfile.Partition(
            name: try mapping.required("name").text(
                limit: FirmwareProfile.partitionNameSizeMax,
                rule: "letters, digits and '-'"
            ) { $0.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") } },
            kind: try mapping.required("kind").word(),
            slot: try mapping["slot"].map(slot),
            size: try size(mapping.required("size-bytes")),
            startBytes: try mapping["start-bytes"].map { (node) throws(FirmwareProfileError) in
                try node.number(0...FirmwareProfile.sizeMax)
            },
            filesystem: try mapping["filesystem"]
                .map { (node) throws(FirmwareProfileError) in try node.word() } ?? .raw,
            files: try mapping["files"].map(files) ?? []
        )
    }

    private static func slot(_ node: ProfileNode) throws(FirmwareProfileError) -> Slot {
        let name: SlotName = try node.word()
        return name == .a ? .a : .b
    }

    private enum SlotName: String, CaseIterable { case a, b }

    private static func size(_ node: ProfileNode) throws(FirmwareProfileError) -> PartitionSize {
        if node.isWord("grow") { return .grow }
        return .bytes(try node.number(1...FirmwareProfile.sizeMax))
    }

    private static func files(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> [FirmwareProfile.FileEntry] {
        var files: [FirmwareProfile.FileEntry] = []
        for item in try node.list(limit: FirmwareProfile.fileCountMax) {
            let mapping = try item.mapping(["source", "path"])
            files.append(
                FirmwareProfile.FileEntry(
                    source: try name(mapping.required("source")),
                    path: try mapping.required("path").text(
                        limit: FirmwareProfile.pathSizeMax,
                        rule: "a relative path without '.' and '..', or '/' for the whole",
                        where: ProfileText.isPath
                    )
                )
            )
        }
        return files
    }

    private static func inputs(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> [String: String] {
        let entries = try node.entries()
        guard entries.count <= FirmwareProfile.inputCountMax else {
            throw .tooMany(
                path: node.path,
                count: entries.count,
                limit: FirmwareProfile.inputCountMax
            )
        }
        var inputs: [String: String] = [:]
        for (key, value) in entries {
            guard ProfileText.isName(key), BuiltInArtifact(rawValue: key) == nil else {
                throw .malformedText(
                    path: node.path,
                    value: String(key.prefix(FirmwareProfile.nameSizeMax)),
                    rule: "a \(ProfileText.nameRule), and no built-in artifact"
                )
            }
            inputs[key] = try value.text(limit: FirmwareProfile.sentenceSizeMax)
        }
        return inputs
    }

    private static func boot(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> FirmwareProfile.Boot {
        let mapping = try node.mapping(["control", "tries", "confirm", "kernel-arguments"])
        return FirmwareProfile.Boot(
            control: try mapping.required("control").word(),
            tries: Int(
                try mapping["tries"].map { (node) throws(FirmwareProfileError) in
                    try node.number(1...9)
                } ?? 3
            ),
            confirm: try mapping["confirm"]
                .map { (node) throws(FirmwareProfileError) in try node.word() } ?? .serving,
            kernelArguments: try mapping["kernel-arguments"].map {
                (node)
                    throws(FirmwareProfileError) in
                try node.text(
                    limit: FirmwareProfile.kernelArgumentsSizeMax,
                    rule: "kernel arguments without quotes, '$', ';', '\\', '#' and martlet.slot="
                        + ", which the loader's language gives a meaning",
                    where: ProfileText.isKernelArguments
                )
            } ?? ""
        )
    }

    private static func initramfs(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> FirmwareProfile.Initramfs {
        let mapping = try node.mapping(["modules", "files"])
        var modules: [String] = []
        if let list = mapping["modules"] {
            for item in try list.list(limit: FirmwareProfile.moduleCountMax) {
                modules.append(try name(item))
            }
        }
        return FirmwareProfile.Initramfs(
            modules: modules,
            files: try mapping["files"].map(files) ?? []
        )
    }

    private static func name(_ node: ProfileNode) throws(FirmwareProfileError) -> String {
        try node.text(
            limit: FirmwareProfile.nameSizeMax,
            rule: ProfileText.nameRule,
            where: ProfileText.isName
        )
    }
}
