import Foundation
import Testing

@testable import Firmware

@Suite("Block maps of images that are flashed")
struct FlashBlockMapTests {
    /// The map of the sample as bmap-tools makes it.
    private func toolMap(_ sample: FlashSample) throws -> BlockMap {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let output = sample.folder.file("tool.bmap")
        process.arguments = ["bmaptool", "create", sample.image.path, "-o", output]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "bmap-tools is needed")
        return try BlockMap(text: sample.folder.read("tool.bmap"))
    }

    @Test("case 114: the map that bmap-tools makes is accepted, and the target equals the image")
    func accepted() throws {
        let sample = try FlashSample()
        let checked = try sample.image.checked(against: toolMap(sample))
        #expect(checked.data == sample.image.data)
        let target = MemoryTarget(FlashSample.used(sample.bytes.count))
        _ = try Flasher(plan: FlashPlan(image: checked), target: target, device: "card").run()
        #expect(target.medium == sample.bytes)
    }

    @Test("case 115: a map of an image without holes still skips its zeros")
    func flattened() throws {
        let sample = try FlashSample()
        let map = try toolMap(sample)
        let path = sample.folder.file("flat.img")
        try Data(sample.bytes).write(to: URL(filePath: path))
        let checked = try FlashImage(path: path).checked(against: map)
        #expect(checked.data.sizeBytes < Int64(sample.bytes.count))
        let target = MemoryTarget(FlashSample.used(sample.bytes.count))
        _ = try Flasher(plan: FlashPlan(image: checked), target: target, device: "card").run()
        #expect(target.medium == sample.bytes)
    }

    @Test("case 116: one changed byte inside the map is found before anything is written",
        arguments: [0, 1_234_567, 5_242_880])
    func changedByte(offset: Int) throws {
        let sample = try FlashSample()
        let map = try toolMap(sample)
        rewrite(sample.image.path, byteAt: offset)
        let image = try FlashImage(path: sample.image.path)
        let error = #expect(throws: FlashError.self) { try image.checked(against: map) }
        #expect(error?.name == "block-map-differs" && error?.fault == .integrity)
    }

    @Test("case 117: data where the map has none is found, at its first byte")
    func missedData() throws {
        let sample = try FlashSample()
        let map = try toolMap(sample)
        let offset = Int(FlashSample.hole.lowerBound) + 10_000
        rewrite(sample.image.path, byteAt: offset)
        let image = try FlashImage(path: sample.image.path)
        #expect(throws: FlashError.blockMapMissesData(offsetBytes: Int64(offset))) {
            try image.checked(against: map)
        }
    }

    @Test("case 118: a map of another image's size is refused")
    func wrongSize() throws {
        let sample = try FlashSample()
        let other = try FlashSample(size: 6 << 20)
        #expect(
            throws: FlashError.blockMapSize(
                expectedBytes: 6 << 20,
                actualBytes: Int64(sample.bytes.count)
            )
        ) { try sample.image.checked(against: toolMap(other)) }
    }

    @Test("case 119: a request to stop ends the comparison")
    func stops() throws {
        let sample = try FlashSample()
        let stop = StopRequest()
        stop.make()
        let error = #expect(throws: FlashError.self) {
            try sample.image.checked(against: toolMap(sample), stop: stop)
        }
        #expect(error?.name == "interrupted")
    }
}
