import AgentProtocol
import BundleFormat
import CPlatform
import InferenceRuntime

/// A verified image in memory, and the bundle that it came from.
struct LoadedImage: ~Copyable {
    let manifest: Manifest
    /// The image begins where the mapping does and may be shorter.
    let mapping: Mapping
    let sizeBytes: Int
    let path: Path

    /// The image's bytes, valid as long as this value lives.
    var bytes: UnsafeRawBufferPointer {
        // Safe: the loader mapped `sizeBytes` bytes or more.
        unsafe UnsafeRawBufferPointer(rebasing: mapping.bytes[..<sizeBytes])
    }
}

/// Brings an image from a signed bundle into memory.
///
/// Invariants: 1. nothing is visible under an image's final name before it is whole and durable.
/// 2. The mapped bytes themselves are hashed after mapping, whatever was hashed before.
struct BundleLoader {
    let trusted: TrustedKeys

    /// Verifies a bundle without keeping its image in a file.
    func load(_ path: Path) throws(AgentError) -> LoadedImage {
        let file = try OwnedFile(path, how: platform_open_read)
        var sink = MemorySink()
        let bundle = try verify(file, into: &sink)
        guard let offset = bundle.mappableImageOffset else {
            let size = try size(of: bundle.manifest)
            return LoadedImage(
                manifest: bundle.manifest,
                mapping: try sink.take(path),
                sizeBytes: size,
                path: path
            )
        }
        return try map(file, offset: offset, manifest: bundle.manifest)
    }

    /// Verifies a bundle and maps its image from `directory`, where it is installed if it is not
    /// there; an image that is stored uncompressed is mapped from the bundle itself.
    func install(_ path: Path, in directory: Path) throws(AgentError) -> LoadedImage {
        let file = try OwnedFile(path, how: platform_open_read)
        var discarded = DiscardingSink()
        let bundle = try verify(file, into: &discarded)
        if let offset = bundle.mappableImageOffset {
            return try map(file, offset: offset, manifest: bundle.manifest)
        }
        let image = ImageDirectory.name(of: bundle.manifest.contentID, in: directory)
        if Names.exists(image) {
            do throws(AgentError) {
                let installed = try OwnedFile(image, how: platform_open_read)
                return try map(installed, offset: 0, manifest: bundle.manifest)
            } catch {
                Log.note("an installed image is damaged and is written again")
            }
        }
        try write(file, bundle.manifest, as: image, in: directory)
        let installed = try OwnedFile(image, how: platform_open_read)
        return try map(installed, offset: 0, manifest: bundle.manifest)
    }

    private func verify<Sink: ImageSink>(
        _ file: borrowing OwnedFile,
        into sink: inout Sink
    ) throws(AgentError) -> VerifiedBundle {
        let size = UInt64(try file.status().size_bytes)
        let source = FileBundleSource(descriptor: file.descriptor, sizeBytes: size)
        var unverified = UnverifiedBundle(source)
        do throws(BundleError) {
            return try Verifier.verify(
                &unverified,
                trusted: trusted,
                accepted: ThisDevice.accepted,
                sink: &sink
            )
        } catch {
            throw .bundle(error, file.path)
        }
    }

    /// Writes the image to a temporary name, and gives it the final one when it is durable.
    private func write(
        _ file: borrowing OwnedFile,
        _ manifest: Manifest,
        as image: Path,
        in directory: Path
    ) throws(AgentError) {
        let temporary = directory.appending("/incoming")
        do throws(AgentError) {
            let how = platform_open_read_write | platform_open_create | platform_open_truncate
            let output = try OwnedFile(temporary, how: how, permissions: 0o400)
            try output.reserve(manifest.imageSizeBytes)
            var sink = FileSink(descriptor: output.descriptor)
            let again = try verify(file, into: &sink)
            guard again.manifest == manifest else { throw .imageChanged(file.path) }
            try output.synchronize()
            _ = try map(output, offset: 0, manifest: manifest)
            try Names.publish(temporary, as: image, in: directory)
        } catch {
            try? Names.remove(temporary)
            throw error
        }
    }

    /// Maps an image and compares its hash with the signed one.
    private func map(
        _ file: borrowing OwnedFile,
        offset: UInt64,
        manifest: Manifest
    ) throws(AgentError) -> LoadedImage {
        let size = try size(of: manifest)
        guard UInt64(try file.status().size_bytes) >= offset + UInt64(size) else {
            throw .imageChanged(file.path)
        }
        let mapping = try Mapping(file, offset: offset, sizeBytes: size)
        // Safe: the mapping lives until the end of this function.
        guard unsafe Sodium.blake2b(mapping.bytes) == manifest.imageHash else {
            throw .imageChanged(file.path)
        }
        return LoadedImage(
            manifest: manifest,
            mapping: mapping,
            sizeBytes: size,
            path: file.path
        )
    }

    private func size(of manifest: Manifest) throws(AgentError) -> Int {
        guard let size = Int(exactly: manifest.imageSizeBytes) else {
            throw .outOfMemory(sizeBytes: manifest.imageSizeBytes)
        }
        return size
    }
}

/// What this build of the agent runs.
enum ThisDevice {
    /// The version of the `Program` format.
    static let runtimeAbi: UInt32 = 1

    static var architecture: StaticString {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #elseif arch(arm)
            "armv7hf"
        #else
            "riscv64"
        #endif
    }

    static var accepted: AcceptedTarget {
        AcceptedTarget(architecture: TextLine(architecture).bytes, runtimeAbi: runtimeAbi)
    }
}
