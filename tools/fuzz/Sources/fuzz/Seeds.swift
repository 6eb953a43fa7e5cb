import AgentProtocol
import BundleFormat
import Foundation
import InferenceRuntime
import ModelGraph
import ModelImport
import Packager
import Planner
import Telemetry

/// Writes one small, valid input for each target, made from the project's own vectors.
enum Seeds {
    static func write(to folder: String, vectors: String) {
        do {
            try save(file(vectors + "/digits/digits_float.tflite"), folder, "tflite")
            try save(file(vectors + "/digits/digits_float.onnx"), folder, "onnx")
            let model = try file(vectors + "/digits/digits_int8.tflite")
            let planned = try plan(
                QuantizedGraph(proving: importModel(model, name: "digits")),
                for: TargetProfile(name: "fuzz", sdk: "x86_64", memoryBytes: 1 << 26)
            )
            try save(model, folder, "tflite")
            try save(programSections(planned), folder, "program")
            let image = imageBytes(planned)
            try save(image, folder, "image")
            try save(bundle(image), folder, "bundle")
            try save(Fuzz.trustRoot.encoded(), folder, "trust")
            try save(Fuzz.trustChannel.encoded(), folder, "trust")
            for seed in telemetry() { try save(seed, folder, "telemetry") }
            try save(spoolFrame(), folder, "spool")
            try save(file(vectors + "/digits/test_labels.npy"), folder, "npy")
            for seed in requests() { try save(seed, folder, "request") }
            for seed in responses { try save([UInt8](seed.utf8), folder, "response") }
            for seed in configurations { try save([UInt8](seed.utf8), folder, "configuration") }
            for seed in systems { try save([UInt8](seed.utf8), folder, "system-settings") }
            for seed in devices { try save([UInt8](seed.utf8), folder, "device-settings") }
            for seed in recipes { try save(seed, folder, "passes") }
            for seed in try firmware(profiles: vectors + "/../../firmware-profiles") {
                try save(seed.bytes, folder, seed.target)
            }
        } catch {
            fatalError("the seeds cannot be written: \(error)")
        }
    }

    private static func file(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    private static func save(_ bytes: [UInt8], _ folder: String, _ target: String) throws {
        let place = URL(filePath: folder).appending(path: target)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let name = "seed-\(bytes.count)"
        try Data(bytes).write(to: place.appending(path: name))
    }

    private static func programSections(_ planned: PlannedProgram) -> [UInt8] {
        let sections = [planned.program, planned.weights, planned.scales, planned.constants]
        let sizes = sections.flatMap { section in
            (0..<4).map { UInt8(truncatingIfNeeded: section.count >> (8 * $0)) }
        }
        return sizes + sections.flatMap { $0 }
    }

    private static func imageBytes(_ planned: PlannedProgram) -> [UInt8] {
        InstalledImage.encode([
            (.program, planned.program), (.weights, planned.weights), (.scales, planned.scales),
            (.constants, planned.constants),
            (.golden, GoldenVectors.encode([(inputs: [1, 2], outputs: [3])])),
            (
                .baseline,
                DriftBaseline(sampleCount: 0, tensors: [], classCounts: [1, 2]).encoded()
            ),
        ])
    }

    private static func bundle(_ image: [UInt8]) throws -> [UInt8] {
        var manifest = Manifest()
        manifest.name = [UInt8]("fuzz".utf8)
        manifest.version = [UInt8]("1".utf8)
        manifest.runtimeAbi = 1
        manifest.targets = [
            BundleTarget(architecture: [UInt8]("x86_64".utf8), tier: [UInt8]("scalar".utf8))
        ]
        manifest.selfTestHash = Sodium.blake2b([3])
        let files = [MetadataFile(name: "card.md", bytes: [UInt8]("# Fuzz\n".utf8))]
        return try BundleWriter.encode(
            image: image,
            manifest: manifest,
            files: files,
            keys: [SigningKey()]
        ).bytes
    }

    private static func telemetry() -> [[UInt8]] {
        var accumulator = ReportAccumulator(
            contentID: [UInt8](repeating: 7, count: 32),
            inputCount: 1,
            outputCount: 1,
            classCount: 10,
            startMilliseconds: 0
        )
        accumulator.recordInference(microseconds: 1_234)
        accumulator.recordClass(3)
        let report = accumulator.close(
            endMilliseconds: 5,
            wallMilliseconds: 6,
            quality: .stale,
            isComplete: true,
            life: Report.Life()
        )
        let request = EnrolmentRequest(
            publicKey: [UInt8](repeating: 1, count: 32),
            token: [UInt8](repeating: 2, count: 32),
            nonce: [UInt8](repeating: 3, count: 32),
            name: [UInt8]("pump".utf8)
        )
        let signature = [UInt8](repeating: 0, count: Wire.signatureSizeBytes)
        return [report.encoded(), request.signedBytes() + signature, spoolFrame()]
    }

    private static func spoolFrame() -> [UInt8] {
        SpoolFrame(
            position: FramePosition(epoch: 1, sequence: 1),
            number: 1,
            previousHash: [UInt8](repeating: 0, count: 16),
            body: [1, 2, 3]
        ).encoded(serial: 0)
    }

    /// Requests behind the size of the pieces, less 1, in which they are sent.
    private static func requests() -> [[UInt8]] {
        let input = [UInt8](repeating: 3, count: 64)
        let infer = [UInt8]("MLTQ".utf8) + [1, 0, 0, 0, 7, 0, 0, 0, 64, 0, 0, 0] + input
        let status = RequestHeader.encode(.status, flags: RequestHeader.isJSON)
        let wrongSize = [UInt8]("MLTQ".utf8) + [3, 0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3]
        return [[255] + infer + status, [6] + wrongSize + infer, [15] + status + [0, 0, 0]]
    }

    private static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nServer: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ]

    /// A convolution with bias, factors and Relu, a depthwise one, a sum with the first, Relu6, a
    /// pool and a dense layer; prepared, quantized, searched, and searched to 60 dB.
    private static let recipes = [UInt8]([0, 2, 3, 0x23]).enumerated().map { number, effort in
        let head: [UInt8] = [effort, 9, 0x88]
        let first: [UInt8] = [0, 8, 0x30, 0x40, 14, 22, 3, 1, 30, 0, 3, 0, 38, 0, 5, 0, 0]
        let second: [UInt8] = [1, 8, 0x30, 0x40, 46, 54, 7, 0, 0, 5, 1, 0]
        let last: [UInt8] = [8, 0, 0, 0x40, 2, 0x43, 70, 78]
        // An output more than once counts once; it tells the files apart.
        return head + first + second + last + [UInt8](repeating: 15, count: number)
    }

    private static let configurations = [
        """
        # A pump.
        bundle /b
        trust /k
        state /s
        socket /a
        name pump 7
        clients 3
        collector http://[fe80::1:1.2.3.4]:8080
        collector-identity /id
        enrolment-token /token
        spool-bytes 196608
        backoff-min-ms 15
        backoff-max-ms 16

        """,
        "bundle /b\ntrust /k\nstate /s\nsocket /a\ncollector http://127.0.0.1:80\n"
            + "collector-identity /id\n",
    ]
}
