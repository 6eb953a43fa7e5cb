// The errors of the lower modules in words.

import AgentProtocol
import BootControl
import BundleFormat
import CPlatform
import InferenceRuntime
import Telemetry

/// Error numbers of the system, as the agent speaks of them: positive.
enum SystemCode {
    /// ENOSPC, EDQUOT, and EFBIG of a limit on file sizes.
    static func isLackOfSpace(_ code: Int32) -> Bool {
        code == platform_error_no_space || code == 122 || code == 27
    }

    static func text(_ code: Int32) -> StaticString {
        switch code {
        case platform_error_no_entry: "there is no such file"
        case platform_error_access: "permission denied"
        case platform_error_input_output: "the medium failed"
        case platform_error_no_memory: "no memory"
        case platform_error_exists: "it exists already"
        case platform_error_not_socket: "the name belongs to something else"
        case platform_error_name_too_long: "the name is too long"
        case platform_error_refused: "connection refused"
        case platform_error_timed_out: "no answer in time"
        case platform_error_connection_reset: "the other side broke off"
        case platform_error_invalid: "not possible here"
        default: isLackOfSpace(code) ? "no space left" : "the system refused"
        }
    }
}

extension TextLine {
    mutating func append(_ error: BundleError) {
        append("bundle refused: ")
        switch error {
        case .truncated(let member, let expected, let actual):
            append("it ends inside the ")
            append(member.text)
            append(expected: expected, actual: actual)
        case .trailingBytes(let expected, let actual):
            append("bytes follow its end")
            append(expected: expected, actual: actual)
        case .untrusted(let valid, let threshold):
            append("signed by too few trusted keys")
            append(expected: UInt64(threshold), actual: UInt64(valid))
        case .hashMismatch(let member, let index):
            append("hash mismatch in the ")
            append(member.text)
            append(", part ")
            append(index)
        case .overLimit(let member, let size, let limit):
            append("too large: the ")
            append(member.text)
            append(expected: limit, actual: size)
        case .wrongTarget: append("it is not made for this kind of device")
        case .runtimeAbiMismatch(let needed, let present):
            append("it needs another version of the agent")
            append(expected: UInt64(needed), actual: UInt64(present))
        case .readFailed(let code, let offset):
            append("reading failed at byte ")
            append(offset)
            append(systemCode: code)
        case .writeFailed(let code, let offset):
            append("writing the image failed at byte ")
            append(offset)
            append(systemCode: code)
        default: appendForm(error)
        }
    }

    private mutating func appendForm(_ error: BundleError) {
        switch error {
        case .headerMismatch(let member, let offset):
            append("wrong header of the ")
            append(member.text)
            append(" at byte ")
            append(offset)
        case .paddingNotZero(let member, let offset):
            append("hidden bytes after the ")
            append(member.text)
            append(" at byte ")
            append(offset)
        case .envelopeMalformed(let offset):
            append("this is not an EIB/1 envelope, byte ")
            append(offset)
        case .signatureInvalid(let slot):
            append("wrong signature in slot ")
            append(slot)
        case .manifestMalformed(let line):
            append("malformed manifest, line ")
            append(line)
        case .chunkMalformed(let index):
            append("malformed chunk ")
            append(index)
        case .imageMalformed(let offset):
            append("malformed image, byte ")
            append(offset)
        case .sectionMalformed(let kind):
            append("missing or malformed image section ")
            append(Int(kind.rawValue))
        case .contentRevoked: append("its content is revoked")
        default: append("it is malformed")
        }
    }

    mutating func append(_ error: ProgramError) {
        append("the program cannot run here: ")
        switch error {
        case .versionUnsupported(let version):
            append("format version ")
            append(Int(version))
        case .kernelTierUnsupported(let tier):
            append("kernel tier ")
            append(Int(tier))
        case .operatorInvalid(let index, let opcode, let rule, _):
            append("operator ")
            append(index)
            append(" (code ")
            append(Int(opcode))
            append(") breaks rule ")
            append(Int(rule.rawValue))
        case .tensorInvalid(let index, let rule, _):
            append("tensor ")
            append(index)
            append(" breaks rule ")
            append(Int(rule.rawValue))
        case .portInvalid(let index, let rule, _):
            append("port ")
            append(index)
            append(" breaks rule ")
            append(Int(rule.rawValue))
        case .stateInvalid(let index, let rule, _):
            append("state ")
            append(index)
            append(" breaks rule ")
            append(Int(rule.rawValue))
        default: append("its header is malformed")
        }
    }

    mutating func append(_ error: SpoolError) {
        switch error {
        case .storageFailed(let code, let offset):
            append("the spool's file failed at byte ")
            append(offset)
            append(systemCode: code)
        case .storageTooSmall(let size, let needed):
            append("the spool is too small")
            append(expected: needed, actual: size)
        case .frameTooLarge(let size, let limit):
            append("a report is too large for the spool")
            append(expected: UInt64(limit), actual: UInt64(size))
        case .outOfOrder(let epoch, let sequence):
            append("the spool has newer reports than boot ")
            append(epoch)
            append(", report ")
            append(sequence)
        }
    }

    mutating func append(_ error: NumpyError) {
        switch error {
        case .truncatedHeader, .notNumpy: append("this is not a .npy file")
        case .unsupportedVersion: append("unsupported version of .npy")
        case .unsupportedType: append("unsupported element type in .npy")
        case .fortranOrder: append("the .npy array is in Fortran order")
        case .rankTooLarge, .arrayTooLarge: append("the .npy array is too large")
        case .sizeMismatch(let expected, let actual):
            append("the .npy file is cut short or too long")
            append(expected: expected, actual: actual)
        case .malformedHeader(let offset), .unexpectedKey(let offset):
            append("malformed .npy header at byte ")
            append(offset)
        default: append("malformed .npy header")
        }
    }

    mutating func append(_ error: BootControlError) {
        append("the boot loader's choice cannot be used: ")
        switch error {
        case .sizeUnsupported(let size):
            append("its size in bytes is ")
            append(size)
        case .full: append("it is full")
        case .grubHeaderMissing: append("it is no environment block of GRUB")
        case .partitionMalformed(let line), .partitionRepeated(let line):
            append("a number is malformed or repeated in line ")
            append(line)
        case .partitionMissing, .partitionsUnswappable:
            append("it lacks two numbers that could change places")
        default: append("it is malformed")
        }
    }

    private mutating func append(expected: UInt64, actual: UInt64) {
        append(": ")
        append(actual)
        append(" instead of ")
        append(expected)
    }
}

extension BundleMember {
    fileprivate var text: StaticString {
        switch self {
        case .envelope: "envelope"
        case .manifest: "manifest"
        case .chunkTable: "chunk table"
        case .payload: "payload"
        case .padding: "padding"
        case .metadata: "metadata"
        case .trailer: "trailer"
        case .image: "image"
        }
    }
}
