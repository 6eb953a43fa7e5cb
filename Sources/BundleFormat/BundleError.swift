/// The part of a bundle that an error speaks of.
public enum BundleMember: UInt8, Sendable {
    case envelope, manifest, chunkTable, payload, padding, metadata, trailer, image
}

/// Who must act on a bundle that was refused.
public enum BundleFault: UInt8, Sendable {
    /// The bundle was changed, cut short or signed by nobody who is trusted.
    case authentication
    /// The bundle is whole, but not for this device or this version of the reader.
    case wrongTarget
    /// The bundle is larger than this reader's limits.
    case capacity
    /// The file could not be read or the image not be written.
    case inputOutput
}

/// Why a bundle was refused.
public enum BundleError: Error, Sendable, Equatable {
    // The bundle is bad.
    /// The file ends before the member does.
    case truncated(BundleMember, expectedSizeBytes: UInt64, actualSizeBytes: UInt64)
    /// Bytes follow the end of the bundle.
    case trailingBytes(expectedSizeBytes: UInt64, actualSizeBytes: UInt64)
    /// A tar header differs from the one that the manifest determines.
    case headerMismatch(BundleMember, offsetBytes: UInt64)
    /// A byte that must be zero is not.
    case paddingNotZero(BundleMember, offsetBytes: UInt64)
    /// The envelope's magic, version, sizes or slots are not those of EIB/1.
    case envelopeMalformed(offsetBytes: Int)
    /// No trusted key signed the manifest, or fewer distinct ones than the threshold.
    case untrusted(validSignatures: Int, threshold: Int)
    /// A signature that claims a trusted key is not that key's.
    case signatureInvalid(slot: Int)
    /// The trusted root revokes the image.
    case contentRevoked
    /// The manifest is signed but breaks a rule of the text form.
    case manifestMalformed(line: Int)
    /// A hash differs from the one that is signed.
    case hashMismatch(BundleMember, index: Int)
    /// A stored chunk is not one zstd frame of the promised size.
    case chunkMalformed(index: Int)
    /// The image's header or section table breaks a rule.
    case imageMalformed(offsetBytes: UInt64)
    /// The image lacks a section, or a section's content breaks its form.
    case sectionMalformed(ImageSectionKind)

    // We do not support this.
    /// The manifest names no target that this reader accepts.
    case wrongTarget
    /// The bundle needs another version of the runtime.
    case runtimeAbiMismatch(needed: UInt32, present: UInt32)

    // Capacity.
    /// A size is beyond the limit of this reader.
    case overLimit(BundleMember, sizeBytes: UInt64, limitBytes: UInt64)

    // The environment.
    /// Reading failed with an error number of the system.
    case readFailed(code: Int32, offsetBytes: UInt64)
    /// Writing the image failed with an error number of the system.
    case writeFailed(code: Int32, offsetBytes: UInt64)

    /// Who must act.
    public var fault: BundleFault {
        switch self {
        case .wrongTarget, .runtimeAbiMismatch: .wrongTarget
        case .overLimit: .capacity
        case .readFailed, .writeFailed: .inputOutput
        default: .authentication
        }
    }
}
