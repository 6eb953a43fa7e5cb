import BundleFormat
import Firmware
import InferenceRuntime
import ModelGraph
import ModelImport
import Packager
import Planner
import Quantizer
import Terminal

extension Failure {
    /// The failure that an error of any module stands for; `nil` for errors of the command line's
    /// own grammar.
    init?(describing error: any Error) {
        switch error {
        case let error as ImportError: self.init(import: error, place: nil)
        case let error as GraphError:
            self.init(.unsupported, "the model cannot run in integers: \(error)")
        case let error as PlannerError: self.init(planner: error)
        case let error as BundleError: self.init(bundle: error, place: nil)
        case let error as BundleWritingError: self.init(writing: error)
        case let error as ProgramError:
            self.init(.authentication, "the program in the image is refused: \(error)")
        case let error as EvaluationError: self.init(.usage, "\(error)")
        case let error as CalibrationError: self.init(.usage, "\(error)")
        case let error as PreprocessingError:
            self.init(.usage, "\(error)", help: "'martlet inspect MODEL' shows the inputs")
        case let error as QuantizationError: self.init(quantization: error)
        case let error as InterpreterError:
            self.init(.unsupported, "the model cannot run in floating point: \(error)")
        case let error as SigningError: self.init(signing: error, place: nil)
        case let error as FlashError: self.init(flash: error)
        case let error as ArchiveError: self.init(.io, "the archive cannot be read: \(error)")
        default: return nil
        }
    }

    init(import error: ImportError, place: String?) {
        let help: String?
        if case .unsupported(let features) = error {
            help = "all \(features.count) reason(s) are listed above; each names a way out"
        } else {
            help = nil
        }
        self.init(.unsupported, "\(error)", place: place, help: help)
    }

    init(quantization error: QuantizationError) {
        guard case .unsupported(let problems) = error else {
            self.init(.unsupported, "the model cannot be quantized: \(error)")
            return
        }
        let lines = problems.map { "\n  \($0)" }.joined()
        self.init(
            .unsupported,
            "\(problems.count) node(s) have no integer form:\(lines)",
            help: "each line above names a node and a way out"
        )
    }

    init(planner error: PlannerError) {
        switch error {
        case .arenaTooLarge:
            self.init(.gate, "\(error)", help: "choose a larger target or a smaller model")
        case .programRefused: self.init(.internalError, "\(error)")
        case .unsupported, .sectionTooLarge: self.init(.unsupported, "\(error)")
        }
    }

    init(bundle error: BundleError, place: String?) {
        let status: ExitStatus =
            switch error.fault {
            case .authentication: .authentication
            case .wrongTarget: .wrongTarget
            case .capacity: .noSpace
            case .inputOutput: .io
            }
        self.init(status, Failure.text(of: error), place: place)
    }

    private static func text(of error: BundleError) -> String {
        switch error {
        case .untrusted(let valid, let threshold):
            "the bundle has \(valid) of the \(threshold) trusted signature(s) that it needs"
        case .truncated(_, let expected, let actual):
            "the bundle is cut short: \(actual) of \(expected) bytes"
        case .trailingBytes(let expected, let actual):
            "the file has \(actual - expected) bytes after the bundle's end"
        case .signatureInvalid(let slot):
            "signature \(slot) claims a trusted key but is not that key's"
        case .runtimeAbiMismatch(let needed, let present):
            "the bundle needs runtime ABI \(needed); this is \(present)"
        case .wrongTarget: "the bundle is for other devices"
        case .contentRevoked: "the trusted root revokes the bundle's content"
        default: "the bundle is refused: \(error)"
        }
    }

    init(writing error: BundleWritingError) {
        switch error {
        case .noSpace(let path):
            self.init(.noSpace, "no space left to write the bundle", place: path)
        case .writeFailed(let path, let code):
            self.init(.io, "the bundle cannot be written: error \(code)", place: path)
        case .signing(let error): self.init(signing: error, place: nil)
        case .manifestInvalid(let line):
            self.init(
                .usage,
                "line \(line) of the manifest would break its form",
                help: "names hold a-z, 0-9, '.', '_' and '-'; versions hold no spaces"
            )
        case .compressionFailed: self.init(.internalError, "a chunk could not be compressed")
        }
    }

    init(signing error: SigningError, place: String?) {
        switch error {
        case .passwordNeeded:
            self.init(
                .authentication,
                "the key is encrypted",
                place: place,
                help: "pass --password-file, set MARTLET_KEY_PASSWORD, or run on a terminal"
            )
        case .passwordWrong: self.init(.authentication, "the password is wrong", place: place)
        case .signerCountOutOfRange(let count):
            self.init(.usage, "\(count) signing keys are given; 1 to 16 distinct ones are needed")
        case .keyDerivationFailed:
            self.init(.noSpace, "there is no memory to derive the key; it takes 1 GiB")
        case .signatureMalformed:
            self.init(
                .authentication,
                "this is not a signature file",
                place: place,
                help: "give a .minisig file of the prehashed form, or 64 raw bytes"
            )
        case .publicKeyMalformed, .secretKeyMalformed:
            self.init(.authentication, "this is not a key file", place: place)
        }
    }
}
