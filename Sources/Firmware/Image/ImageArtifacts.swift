import BootControl

/// What the builder makes itself, by the names that a profile uses.
struct ImageArtifacts {
    let recipe: ImageRecipe
    let layout: DiskLayout
    let workFolder: String

    init(
        recipe: ImageRecipe,
        layout: DiskLayout,
        workFolder: String
    ) throws(ImageError) {
        self.recipe = recipe
        self.layout = layout
        self.workFolder = workFolder
    }

    private var initialFileSystem: String { workFolder + "/initramfs.img" }

    /// Packs the initial file system, once for both slots.
    func makeInitialFileSystem(cancellation: Cancellation) throws(ImageError) {
        guard let wanted = recipe.profile.initramfs else { return }
        var files = FileTree()
        for file in wanted.files {
            guard let path = recipe.inputs[file.source] else {
                throw .problems(["the input '\(file.source)' is missing"])
            }
            try InputKind.add(path, as: file.path, to: &files)
        }
        if recipe.configuration.network.method == .dhcp, files["bin/busybox"] == nil {
            throw .problems(["DHCP needs bin/busybox in the profile's initramfs"])
        }
        try InitialFileSystem(
            agent: recipe.agent,
            modules: recipe.inputs["modules"],
            wanted: wanted.modules,
            systemLines: SystemDescription.lines(recipe.profile, layout),
            files: files
        ).write(initialFileSystem, cancellation: cancellation)
    }

    /// The content of an artifact.
    func content(of artifact: BuiltInArtifact) throws(ImageError) -> FileTree.Content {
        switch artifact {
        case .agent: return try InitialFileSystem.content(of: recipe.agent)
        case .initramfs: return try InitialFileSystem.content(of: initialFileSystem)
        case .bundle: return .bytes(recipe.bundle.bytes)
        case .grubEnvironment: return .bytes(try grubEnvironment())
        default: break
        }
        do throws(BootFileError) {
            if let bytes = try BootFile.bytes(of: artifact, in: recipe.profile) {
                return .bytes(bytes)
            }
        } catch {
            throw .problems(["\(error)"])
        }
        throw .problems(["'\(artifact.rawValue)' is not made"])
    }

    /// What all identifiers of file systems are derived from.
    var identifiers: DiskIdentifiers { DiskIdentifiers(seed: recipe.profile.disk?.seed ?? "") }
}

// The environments that the loader and the device share, before the first start.
extension ImageArtifacts {
    /// Slot A, then B, each with all of its tries.
    private var variables: BootVariables {
        BootVariables(tries: UInt8(clamping: recipe.profile.boot.tries))
    }

    /// The initial U-Boot environment and the offsets of its copies in the partition.
    func environmentCopies() throws(ImageError) -> [(offsetBytes: Int64, bytes: [UInt8])] {
        let place = EnvironmentPlace.self
        do throws(BootControlError) {
            let copies = try UBootEnvironment.initial(variables, sizeBytes: place.copySizeBytes)
            return [
                (Int64(place.offsets.0), copies.first), (Int64(place.offsets.1), copies.second),
            ]
        } catch {
            throw .problems(["the U-Boot environment cannot be made: \(error)"])
        }
    }

    private func grubEnvironment() throws(ImageError) -> [UInt8] {
        do throws(BootControlError) {
            return try GrubEnvironment(variables).encoded()
        } catch {
            throw .problems(["the GRUB environment cannot be made: \(error)"])
        }
    }
}
