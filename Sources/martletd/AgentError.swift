import AgentProtocol
import BootControl
import BundleFormat
import InferenceRuntime
import Telemetry

/// What the process tells its caller.
enum ExitStatus: Int32 {
    case success = 0
    case internalError = 1
    case usage = 2
    case unsafe = 3
    case authentication = 4
    case unsupported = 5
    case inputOutput = 7
    case noSpace = 8
    case wrongTarget = 9
}

/// What the agent was doing to a file or a socket when the system refused.
enum SystemCall: UInt8 {
    case open, read, write, synchronize, reserve, map, lock, remove, rename, makeDirectory
    case listen, connect, poll, signals
    case mount, load, start, network, grow, changeRoot
}

/// Why the agent stops; every case carries the place: a path, a line, a vector.
enum AgentError: Error {
    // The person must act.
    case usage(StaticString, argument: [UInt8])
    case configuration(StaticString, line: Int, path: Path)
    case keyMalformed(Path)
    case identityMalformed(Path)
    case tokenMalformed(Path)
    case fileTooLarge(Path, limitBytes: Int)
    case numpy(NumpyError, Path)
    case inputMismatch(Path, elementBytes: Int, neededBytes: Int)
    case inputCountMismatch(given: Int, needed: Int)
    case outputCountMismatch(given: Int, needed: Int)

    // Going on would do harm.
    case stateInUse(Path)
    case keyExposed(Path)
    case socketInUse(Path)

    // The bundle or the state is not what it must be.
    case bundle(BundleError, Path)
    case program(ProgramError, Path)
    case imageChanged(Path)
    case goldenShape(inputBytes: Int, outputBytes: Int)
    case goldenMismatch(vector: Int, byte: Int)
    case deviceKeyMalformed(Path)
    case stateDamaged(Path)

    // The environment failed.
    case system(SystemCall, code: Int32, path: Path)
    case spool(SpoolError, Path)
    case outOfMemory(sizeBytes: UInt64)
    case noRandomness
    case answerMalformed(Path)
    case agentBusy(Path)
    case diskMissing(Path)
    case partitionMissing(number: UInt64)
    case bootControl(BootControlError, Path)
    case slotUnknown(Path)
    case notConfirmed

    var status: ExitStatus {
        switch self {
        case .usage, .configuration, .keyMalformed, .identityMalformed, .tokenMalformed, .numpy,
            .fileTooLarge, .inputMismatch, .inputCountMismatch, .outputCountMismatch:
            .usage
        case .stateInUse, .keyExposed, .socketInUse: .unsafe
        case .bundle(let error, _): AgentError.status(of: error)
        case .program: .unsupported
        case .imageChanged, .goldenShape, .goldenMismatch, .deviceKeyMalformed, .stateDamaged:
            .authentication
        case .system(_, let code, _): AgentError.status(ofSystemCode: code)
        case .spool(.storageFailed(let code, _), _): AgentError.status(ofSystemCode: code)
        case .spool: .usage
        case .outOfMemory: .noSpace
        case .noRandomness: .internalError
        case .answerMalformed, .agentBusy, .diskMissing, .partitionMissing: .inputOutput
        case .bootControl: .authentication
        case .slotUnknown, .notConfirmed: .unsafe
        }
    }

    private static func status(of error: BundleError) -> ExitStatus {
        switch error {
        case .readFailed(let code, _), .writeFailed(let code, _): status(ofSystemCode: code)
        default:
            switch error.fault {
            case .authentication: .authentication
            case .wrongTarget: .wrongTarget
            case .capacity: .noSpace
            case .inputOutput: .inputOutput
            }
        }
    }

    private static func status(ofSystemCode code: Int32) -> ExitStatus {
        SystemCode.isLackOfSpace(code) ? .noSpace : .inputOutput
    }
}
