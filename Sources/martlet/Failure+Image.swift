import BundleFormat
import Firmware
import Terminal

extension Failure {
    /// The failure that a refused or unfinished image stands for.
    init(image error: ImageError, place: String?) {
        switch error {
        case .bundle(let bundle, let path): self.init(bundle: bundle, place: path)
        case .problems(let problems):
            let lines = problems.map { "\n  \($0)" }.joined()
            self.init(
                .unsafe,
                "the image has \(problems.count) problem(s):\(lines)",
                place: nil,
                help: "'martlet image check' tells what a profile wants"
            )
        default:
            self.init(
                Failure.status(of: error),
                "\(error)",
                place: place,
                help: Failure.help(for: error)
            )
        }
    }

    private static func status(of error: ImageError) -> ExitStatus {
        switch error {
        case .problems, .outputExists, .nameRefused, .tooMuch, .moduleUnknown: .unsafe
        case .configuration, .wrongKind: .usage
        case .bundle, .imageRefused, .archive: .authentication
        case .bundleOverQuota, .partitionFull, .noSpace: .noSpace
        case .unreadable, .toolMissing, .toolFailed, .toolRunaway, .writeFailed, .cancelled: .io
        }
    }

    private static func help(for error: ImageError) -> String? {
        switch error {
        case .outputExists: "pass --replace, or choose another name"
        case .toolMissing(_, let package): "apt-get install \(package), or run tools/setup"
        case .bundleOverQuota: "raise the profile's data.bundle-quota-bytes, or shrink the model"
        case .partitionFull: "raise the partition's size-bytes in the profile"
        default: nil
        }
    }
}
