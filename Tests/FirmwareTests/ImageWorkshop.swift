import BundleFormat
import Foundation
import Packager
import Testing

@testable import Firmware

/// A folder with made-up inputs, and the tools that judge what is built from them.
final class ImageWorkshop {
    struct Answer {
        let status: Int32
        let bytes: Data
        let errors: String
        var output: String { String(decoding: bytes, as: UTF8.self) }
    }

    let folder = FileManager.default.temporaryDirectory
        .appending(path: "image-\(UUID().uuidString)").path()
    static let key = SigningKey()

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { folder + "/" + name }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: url)
        return path(name)
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, [UInt8](text.utf8))
    }

    func read(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    func makeFolder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: path(name),
            withIntermediateDirectories: true
        )
        return path(name)
    }

    /// Names in a folder of the workshop, hidden ones too.
    func names(in name: String = "") throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: path(name)))
    }

    /// Runs a tool of the system to its end.
    @discardableResult
    static func run(_ arguments: String...) throws -> Answer { try run(list: arguments) }

    /// Runs a tool of the system to its end.
    static func run(list arguments: [String]) throws -> Answer {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC", "MTOOLSRC=/dev/null"]
            + arguments
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // What the tools complain of fits a pipe's buffer.
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Answer(
            status: process.terminationStatus,
            bytes: bytes,
            errors: String(decoding: text, as: UTF8.self)
        )
    }

    /// Bytes that no compression makes smaller, the same for the same seed.
    static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }
}

// Recipes of the sample profile.
extension ImageWorkshop {
    /// Kernel, modules, busybox and agent under their names.
    func writeInputs() throws -> [String: String] {
        let modules = "inputs/modules"
        for name in ["virtio", "virtio_ring", "virtio_blk"] {
            try write("\(modules)/kernel/\(name).ko", Self.noise(5_000, seed: 9))
        }
        try write(
            "\(modules)/modules.dep",
            """
            kernel/virtio.ko:
            kernel/virtio_ring.ko: kernel/virtio.ko
            kernel/virtio_blk.ko: kernel/virtio_ring.ko kernel/virtio.ko

            """
        )
        return [
            "kernel": try write("inputs/kernel", Self.noise(300_000)),
            "busybox": try write("inputs/busybox", Self.noise(40_000, seed: 2)),
            "modules": path(modules),
        ]
    }

    static func bundleBytes(architecture: String = "aarch64") throws -> [UInt8] {
        var manifest = Manifest()
        manifest.name = [UInt8]("small".utf8)
        manifest.version = [UInt8]("1.0.0".utf8)
        manifest.counter = 1
        manifest.targets = [
            BundleTarget(architecture: [UInt8](architecture.utf8), tier: [UInt8]("scalar".utf8))
        ]
        manifest.runtimeAbi = 1
        manifest.operators = [[UInt8]("Softmax".utf8)]
        manifest.arenaBytes = 128
        manifest.codec = .zstd
        manifest.selfTestCount = 1
        manifest.selfTestHash = Sodium.blake2b([4])
        let image = InstalledImage.encode([
            (.program, [UInt8](repeating: 7, count: 200)),
            (.golden, GoldenVectors.encode([(inputs: [1, 2, 3], outputs: [4])])),
        ])
        return try BundleWriter.encode(image: image, manifest: manifest, files: [], keys: [key])
            .bytes
    }

    func bundle() throws -> ImageBundle {
        let trusted = try #require(TrustedKeys(releaseKeys: [Self.key.publicKey.key]))
        return try ImageBundle(
            Self.bundleBytes(),
            trusted: trusted,
            architecture: "aarch64",
            runtimeAbi: 1
        )
    }

    func recipe(
        _ sample: ProfileSample = ProfileSample(),
        inputs: [String: String]? = nil,
        change: (inout DeviceConfiguration) -> Void = { _ in }
    ) throws -> ImageRecipe {
        let profile = try FirmwareProfile(yaml: sample.yaml)
        var configuration = DeviceConfiguration(
            profile.configuration,
            trust: [[UInt8](Self.key.publicKey.fileContent(role: "release").utf8)]
        )
        change(&configuration)
        return ImageRecipe(
            profile: profile,
            agent: try write("agent", Self.noise(70_000, seed: 3)),
            inputs: try inputs ?? writeInputs(),
            bundle: try bundle(),
            configuration: configuration
        )
    }

    /// The bytes of a partition as a file of their own.
    func extract(_ partition: BuiltImage.Partition, of image: BuiltImage) throws -> String {
        let target = path("extracted-\(partition.number)")
        try Self.run(
            "dd",
            "if=\(image.path)",
            "of=\(target)",
            "bs=1M",
            "conv=sparse",
            "iflag=skip_bytes,count_bytes",
            "skip=\(partition.startBytes)",
            "count=\(partition.sizeBytes)"
        )
        return target
    }
}
