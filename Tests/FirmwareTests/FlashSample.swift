import Foundation
import Testing

@testable import Firmware

/// A folder for one test, removed with its last user.
final class FlashFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "flash-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file whose zero blocks of 4,096 bytes are holes.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = file(name)
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.truncate(atOffset: UInt64(bytes.count))
        for start in stride(from: 0, to: bytes.count, by: 4096) {
            let block = bytes[start..<min(start + 4096, bytes.count)]
            guard !isZero(block) else { continue }
            try handle.seek(toOffset: UInt64(start))
            try handle.write(contentsOf: block)
        }
        try handle.close()
        return path
    }

    func read(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: file(name))))
    }
}

/// An image of a few MiB with a table at both ends, a boot area, data and holes.
struct FlashSample {
    static let boot: Range<Int64> = 2 << 20..<(2 << 20) + 300_000
    static let hole: Range<Int64> = 3 << 20..<(4 << 20) + 8192

    let folder: FlashFolder
    let bytes: [UInt8]
    let image: FlashImage
    let plan: FlashPlan

    /// Makes an image of not less than 5 MiB.
    init(size: Int = (5 << 20) + 12_800, seed: UInt64 = 1) throws {
        folder = try FlashFolder()
        var bytes = Self.noise(size, seed: seed)
        let hole = Int(Self.hole.lowerBound)..<Int(Self.hole.upperBound)
        bytes.replaceSubrange(hole, with: [UInt8](repeating: 0, count: hole.count))
        self.bytes = bytes
        let path = try folder.write(bytes, to: "disk.img")
        image = try FlashImage(path: path)
        plan = FlashPlan(
            content: FlashContent(image: image, overlays: []),
            places: FlashPlan.Places(
                primary: 0..<17_408,
                backup: Int64(size) - 16_896..<Int64(size),
                boot: [Self.boot]
            )
        )
    }

    /// Bytes of a generator (Knuth's MMIX constants), made once for all tests.
    private static let base: [UInt8] = {
        var state: UInt64 = 1
        return (0..<(1 << 20) / 8).flatMap { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let mixed = state ^ (state >> 33)
            return [0, 8, 16, 24, 32, 40, 48, 56].map { UInt8(truncatingIfNeeded: mixed >> $0) }
        }
    }()

    /// Each MiB is the same noise, but for a mark in each block of 4,096 bytes.
    static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += base.prefix(count - bytes.count) }
        for (block, start) in stride(from: 0, to: count, by: 4096).enumerated() {
            bytes[start] = UInt8(truncatingIfNeeded: UInt64(block / 256) &* 37 &+ seed) | 1
        }
        return bytes
    }

    /// What a used card may hold: never zero.
    static func used(_ count: Int) -> [UInt8] { [UInt8](repeating: 0xEE, count: count) }

    @discardableResult
    func flash(
        to target: some BlockTarget,
        options: FlashOptions = FlashOptions(),
        stop: StopRequest = StopRequest(),
        progress: @escaping @Sendable (FlashProgress) -> Void = { _ in }
    ) -> Swift.Result<FlashCounts, FlashError> {
        let flasher = Flasher(
            plan: plan,
            target: target,
            device: "card",
            options: options,
            stop: stop
        )
        do throws(FlashError) {
            let result = try flasher.run(progress: progress)
            return .success(
                FlashCounts(
                    written: result.writtenBytes,
                    kept: result.keptBytes,
                    zero: result.zeroBytes,
                    verified: result.verifiedBytes
                )
            )
        } catch {
            return .failure(error)
        }
    }
}

struct FlashCounts: Equatable {
    let written: Int64
    let kept: Int64
    let zero: Int64
    let verified: Int64
}

extension Swift.Result where Failure == FlashError {
    /// The error of a failed flash; `nil` of one that is done.
    var error: FlashError? { if case .failure(let error) = self { error } else { nil } }
}

/// Whether all bytes are zero.
func isZero(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.withUnsafeBytes { UnsafeRawBufferPointer($0).firstNonzero == nil }
}

/// Whether the first and the last MiB hold nothing.
func isInvalidated(_ medium: [UInt8]) -> Bool {
    isZero(medium.prefix(1 << 20)) && isZero(medium.suffix(1 << 20))
}
