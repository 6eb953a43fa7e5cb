import Foundation
import Testing

@testable import Firmware

@Suite("Flashing onto files and devices")
struct FlashTargetTests {
    private func flash(
        _ sample: FlashSample,
        to path: String,
        options: FlashOptions = FlashOptions()
    ) throws {
        let target = try OpenTarget(
            path: path,
            newFileSizeBytes: Int64(sample.bytes.count)
        )
        _ = try Flasher(plan: sample.plan, target: target, device: path, options: options).run()
    }

    @Test("case 100: a new file equals the image and has its holes")
    func newFile() throws {
        let sample = try FlashSample()
        let path = sample.folder.file("card")
        try flash(sample, to: path)
        #expect(try sample.folder.read("card") == sample.bytes)
        #expect(try allocated(path) <= allocated(sample.image.path) + 65_536)
    }

    @Test("case 101: a used file becomes the image, whatever is written to it",
        arguments: [
            FlashOptions(), FlashOptions(comparesFirst: true), FlashOptions(discards: true),
            FlashOptions(verifies: false), FlashOptions(probes: true),
        ])
    func usedFile(options: FlashOptions) throws {
        let sample = try FlashSample(size: (5 << 20) + 777)
        let path = try sample.folder.write(FlashSample.used(sample.bytes.count), to: "card")
        try flash(sample, to: path, options: options)
        #expect(try sample.folder.read("card") == sample.bytes)
    }

    @Test("case 102: offsets beyond 4 TiB on sparse files", arguments: [5 << 40] as [Int64])
    func farOffsets(size: Int64) throws {
        let folder = try FlashFolder()
        let marks: [Int64] = [0, 1 << 32, 2 << 40, 4 << 40, size - 4096]
        for name in ["disk.img", "card"] {
            _ = FileManager.default.createFile(atPath: folder.file(name), contents: nil)
            let handle = try #require(FileHandle(forUpdatingAtPath: folder.file(name)))
            try handle.truncate(atOffset: UInt64(size))
            for (index, mark) in marks.enumerated() where name == "disk.img" || index == 2 {
                try handle.seek(toOffset: UInt64(mark))
                let byte = name == "card" ? 0xEE : UInt8(index + 1)
                try handle.write(contentsOf: [UInt8](repeating: byte, count: 4096))
            }
            try handle.close()
        }
        let image = try FlashImage(path: folder.file("disk.img"))
        #expect(image.sizeBytes == size)
        let target = try OpenTarget(path: folder.file("card"), newFileSizeBytes: 0)
        let plan = FlashPlan(image: image)
        _ = try Flasher(plan: plan, target: target, device: "card").run()
        let handle = try #require(FileHandle(forReadingAtPath: folder.file("card")))
        for (index, mark) in marks.enumerated() {
            try handle.seek(toOffset: UInt64(mark))
            let bytes = try #require(try handle.read(upToCount: 4096))
            #expect(bytes == Data(repeating: UInt8(index + 1), count: 4096), "at \(mark)")
        }
        #expect(try allocated(folder.file("card")) < 8 << 20)
    }

    @Test("case 103: a file that another program has locked is busy")
    func locked() throws {
        let folder = try FlashFolder()
        let path = try folder.write([1], to: "card")
        let first = try OpenTarget(path: path, newFileSizeBytes: 1)
        #expect(throws: FlashError.busy(device: path)) {
            try OpenTarget(path: path, newFileSizeBytes: 1)
        }
        first.close()
        _ = try OpenTarget(path: path, newFileSizeBytes: 1)
    }

    @Test("case 104: what is neither device nor file is refused",
        arguments: [
            ("/dev/null", "not-a-target"), ("/tmp", "not-a-target"),
            ("/dev/martlet-mistyped", "open-failed"),
        ])
    func notATarget(path: String, name: String) throws {
        let error = #expect(throws: FlashError.self) {
            try OpenTarget(path: path, newFileSizeBytes: 1)
        }
        #expect(error?.name == name)
        #expect(!FileManager.default.fileExists(atPath: "/dev/martlet-mistyped"))
    }

    @Test("case 105: short and interrupted system calls are continued",
        arguments: [[3, -1, 4, 3], [1, 1, 8], [-1, -1, 10]])
    func transfers(moves: [Int]) throws {
        var script = moves[...]
        var seen: [Int] = []
        let count = try transferAll(10) { done, left in
            seen.append(done)
            #expect(done + left == 10)
            let move = script.removeFirst()
            if move < 0 { errno = EINTR }
            return move
        }
        #expect(count == 10 && script.isEmpty && seen.first == 0)
    }

    @Test("case 106: a transfer that fails or ends tells so")
    func transferFaults() throws {
        #expect(throws: SystemCode(EIO)) {
            try transferAll(10) { done, _ in
                errno = EIO
                return done == 0 ? 4 : -1
            }
        }
        #expect(try transferAll(10) { done, _ in done == 0 ? 4 : 0 } == 4)
    }

    @Test("case 107: a full file system is told apart, and the file is no image")
    func fullDisk() throws {
        let sample = try FlashSample()
        // /dev/full is no file; a limit on the size of files is the same error to the flasher.
        let fault = TargetFault(.write, offsetBytes: 4096, code: EFBIG)
        #expect(
            FlashError(fault, device: "card", phase: .write)
                == .noSpace(device: "card", offsetBytes: 4096)
        )
        #expect(sample.image.sizeBytes > 0)
    }

    @Test("case 108: images that are none are refused",
        arguments: [
            ("missing", "image-unreadable"), ("empty", "not-an-image"), (".", "not-an-image"),
        ])
    func notAnImage(name: String, code: String) throws {
        let folder = try FlashFolder()
        try folder.write([], to: "empty")
        let error = #expect(throws: FlashError.self) {
            try FlashImage(path: folder.file(name))
        }
        #expect(error?.name == code)
    }

    @Test("case 109: the capacity probe finds a medium that wraps around")
    func falseCapacity() throws {
        let sample = try FlashSample()
        let target = WrappingTarget(claimedBytes: 64 << 20, realBytes: 6 << 20)
        let result = sample.flash(to: target, options: FlashOptions(probes: true))
        #expect(result.error?.name == "capacity-false")
        #expect(isInvalidated(target.inner.medium))
    }

    @Test("case 110: a medium of its true size passes the probe, and keeps nothing of it")
    func trueCapacity() throws {
        let sample = try FlashSample()
        let room = 9 << 20
        let target = MemoryTarget(FlashSample.used(sample.bytes.count + room))
        #expect(sample.flash(to: target, options: FlashOptions(probes: true)).error == nil)
        #expect(target.medium.starts(with: sample.bytes))
    }

    static let canUseLoop = geteuid() == 0 && access("/dev/loop-control", W_OK) == 0

    @Test(
        "case 111: loop devices equal the image, past the caches and with every option",
        .enabled(if: canUseLoop, "loop devices need root; files stand in for them"),
        arguments: [
            FlashOptions(), FlashOptions(comparesFirst: true), FlashOptions(discards: true),
            FlashOptions(probes: true),
        ]
    )
    func loopDevice(options: FlashOptions) throws {
        let sample = try FlashSample()
        let size = sample.bytes.count + (3 << 20)
        let backing = try sample.folder.write(FlashSample.used(size), to: "backing")
        let loop = try LoopDevice(backing)
        try flash(sample, to: loop.path, options: options)
        let medium = try sample.folder.read("backing")
        #expect(medium.starts(with: sample.bytes))
    }

    @Test(
        "case 112: a device that is open exclusively is busy; a read-only one is refused",
        .enabled(if: canUseLoop, "loop devices need root")
    )
    func loopRefusals() throws {
        let folder = try FlashFolder()
        let backing = try folder.write(FlashSample.used(1 << 20), to: "backing")
        do {
            let loop = try LoopDevice(backing)
            let first = try OpenTarget(path: loop.path, newFileSizeBytes: 0)
            #expect(first.isBlockDevice && first.sizeBytes == 1 << 20)
            #expect(throws: FlashError.busy(device: loop.path)) {
                try OpenTarget(path: loop.path, newFileSizeBytes: 0)
            }
            first.close()
        }
        let loop = try LoopDevice(backing, options: ["--read-only"])
        #expect(throws: FlashError.readOnly(device: loop.path)) {
            try OpenTarget(path: loop.path, newFileSizeBytes: 0)
        }
        #expect(try folder.read("backing") == FlashSample.used(1 << 20))
    }

    @Test("case 113: what the machine lets the device tests do is printed")
    func machine() {
        print(
            Self.canUseLoop
                ? "flash tests: loop devices are used"
                : "flash tests: no loop devices (needs root); file targets only"
        )
        #expect(Self.canUseLoop || geteuid() != 0 || access("/dev/loop-control", W_OK) != 0)
    }

    private func allocated(_ path: String) throws -> Int {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return Int(status.st_blocks) * 512
    }
}

/// A loop device over a file, detached with its last user.
final class LoopDevice {
    let path: String

    init(_ file: String, options: [String] = []) throws {
        let output = try Self.losetup(options + ["--find", "--show", file])
        path = output.trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(path.hasPrefix("/dev/loop"))
    }

    deinit { _ = try? Self.losetup(["--detach", path]) }

    private static func losetup(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["losetup"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }
}

/// A medium that claims more than it has: far offsets land on near ones.
private final class WrappingTarget: BlockTarget {
    let inner: MemoryTarget
    let sizeBytes: Int64
    private let realBytes: Int64

    init(claimedBytes: Int64, realBytes: Int64) {
        inner = MemoryTarget(FlashSample.used(Int(realBytes)))
        sizeBytes = claimedBytes
        self.realBytes = realBytes
    }

    var zeroStepBytes: Int64 { inner.zeroStepBytes }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(TargetFault) {
        try inner.write(bytes, at: offset % realBytes)
    }
    func read(into buffer: UnsafeMutableRawBufferPointer, at: Int64) throws(TargetFault) {
        try inner.read(into: buffer, at: at % realBytes)
    }
    func zero(_ range: Range<Int64>) throws(TargetFault) { try inner.zero(range) }
    func discard(_ range: Range<Int64>) throws(TargetFault) {}
    func endOfKnownZeros(from offset: Int64) -> Int64 { offset }
    func flush() throws(TargetFault) { try inner.flush() }
    func dropCaches() throws(TargetFault) { try inner.dropCaches() }
    func rereadTable() {}
    func close() { inner.close() }
}
