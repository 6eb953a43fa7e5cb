import Foundation
import Testing

@Suite("Data that spoils a build")
struct DataLintCommandTests {
    private func build(_ workshop: Workshop, _ more: [String]) throws -> Martlet.Result {
        try Martlet.run(
            [
                "build", Martlet.digits("digits_float.tflite"), "--name", "digits", "--version",
                "1.0.0", "--target", "any", "--sign", workshop.key, "--output",
                workshop.path("out.eib"),
            ] + more
        )
    }

    private let shared = [
        "--calibration", Martlet.digits("test_float.npy"), "--validation",
        Martlet.digits("test_float.npy"), "--labels", Martlet.digits("test_labels.npy"),
    ]

    @Test("a strict build ends with 6 where calibration data also judges, and writes nothing")
    func strict() throws {
        let workshop = try Workshop()
        let result = try build(workshop, shared + ["--strict-data"])
        #expect(result.status == 6, "\(result.errors)")
        #expect(result.errors.contains("also validation samples"))
        #expect(!FileManager.default.fileExists(atPath: workshop.path("out.eib")))
    }

    @Test("findings are in the JSON result and in the report, with kind, severity and advice")
    func findings() throws {
        let workshop = try Workshop()
        let report = workshop.path("report.json")
        let result = try build(workshop, shared + ["--json", "--report", report])
        #expect(result.status == 0, "\(result.errors)")
        struct Finding: Decodable {
            let kind: String
            let severity: String
            let place: String
            let advice: String
        }
        struct Answer: Decodable { let data: [Finding] }
        struct Report: Decodable { let dataFindings: [Finding] }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
        let shared = try #require(answer.data.first { $0.kind == "sharedSamples" })
        #expect(shared.severity == "error" && shared.place == "calibration")
        #expect(!shared.advice.isEmpty)
        let written = try JSONDecoder().decode(Report.self, from: Data(workshop.read(report)))
        #expect(written.dataFindings.map(\.kind) == answer.data.map(\.kind))
    }

    @Test("classes that calibration lacks are found by its labels")
    func classes() throws {
        let workshop = try Workshop()
        let header = "{'descr': '<i4', 'fortran_order': False, 'shape': (120,), }"
        let padded = header + String(repeating: " ", count: 117 - header.count) + "\n"
        let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0]
        // 120 samples of the classes 0...8.
        let labels = (0..<120).flatMap { index -> [UInt8] in [UInt8(index % 9), 0, 0, 0] }
        let path = try workshop.write("labels.npy", magic + Array(padded.utf8) + labels)
        let calibration = ["--calibration", Martlet.digits("calibration_float.npy")]
        let result = try build(
            workshop,
            calibration + [
                "--validation", Martlet.digits("test_float.npy"), "--labels",
                Martlet.digits("test_labels.npy"), "--calibration-labels", path, "--strict-data",
            ]
        )
        #expect(result.status == 6, "\(result.errors)")
        #expect(result.errors.contains("without a calibration sample: 1 (9)"))
        let short = try build(
            workshop,
            calibration + ["--calibration-labels", Martlet.digits("test_labels.npy")]
        )
        #expect(short.status == 2)
        #expect(short.errors.contains("540 labels for 120 calibration samples"))
    }

    @Test("options about data mean nothing without calibration, and are refused")
    func needsCalibration() throws {
        let workshop = try Workshop()
        for option in [["--strict-data"], ["--input-type", "uint8"], ["--preprocessing", "p"]] {
            let result = try workshop.build(to: workshop.path("out.eib"), with: option)
            #expect(result.status == 2, "\(option): \(result.errors)")
            #expect(result.errors.contains("need --calibration"))
        }
    }
}
