import Firmware
import Terminal

/// What `image build` says of its result.
struct ImageBuildReport: Encodable {
    struct Partition: Encodable {
        let number: Int
        let name: String
        let startBytes: Int64
        let sizeBytes: Int64
        let usedBytes: Int64
        let fileCount: Int
    }

    let image: String
    let blockMap: String?
    let profile: String
    let bundle: String
    let bundleVersion: String
    let sizeBytes: Int64
    let mappedBytes: Int64
    let partitions: [Partition]

    init(_ built: BuiltImage, bundle: ImageBundle, profile: FirmwareProfile) {
        image = built.path
        blockMap = built.blockMapPath
        self.profile = profile.name
        self.bundle = bundle.name
        bundleVersion = bundle.version
        sizeBytes = built.sizeBytes
        mappedBytes = built.mappedBytes
        partitions = built.partitions.map {
            Partition(
                number: $0.number,
                name: $0.name,
                startBytes: $0.startBytes,
                sizeBytes: $0.sizeBytes,
                usedBytes: $0.usedBytes,
                fileCount: $0.fileCount
            )
        }
    }

    func printLines() {
        Console.printLine("\(image): \(profile) with \(bundle) \(bundleVersion)")
        Console.printLine("\(sizeBytes) bytes, of which a device gets \(mappedBytes)")
        guard !partitions.isEmpty else { return }
        let rows = partitions.map {
            [
                "\($0.number)", $0.name, "\($0.startBytes)", "\($0.sizeBytes)", "\($0.usedBytes)",
                "\($0.fileCount)",
            ]
        }
        Console.printTable([["#", "name", "start", "size", "used", "files"]] + rows)
    }
}

/// Shows the steps of a build on standard error.
///
/// A class, because the builder's closure changes its bar.
final class ImageProgress {
    private var bar = ProgressBar("compose", total: 100)

    func show(_ step: ImageBuilder.Step) {
        switch step {
        case .initialFileSystem: Console.note("initial file system")
        case .partition(let name, let index, let count):
            Console.note("partition \(name) (\(index + 1) of \(count))")
        case .composing(let done, let total): bar.update(Int(done * 100 / max(total, 1)))
        }
    }
}
