import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite("The quality report")
struct ReportTests {
    private func build(
        _ workshop: Workshop,
        model: String = Martlet.digits("digits_float.tflite"),
        output: String,
        with more: [String]
    ) throws -> Martlet.Result {
        try Martlet.run(
            [
                "build", model, "--name", "digits", "--version", "1.0.0", "--target", "any",
                "--sign", workshop.key, "--output", output, "--calibration",
                Martlet.digits("calibration_float.npy"),
            ] + more
        )
    }

    private let labelled = [
        "--validation", Martlet.digits("test_float.npy"), "--labels",
        Martlet.digits("test_labels.npy"),
    ]

    private func text(_ workshop: Workshop, _ path: String) throws -> String {
        String(decoding: try workshop.read(path), as: UTF8.self)
    }

    @Test("both forms are written, the page is well-formed and needs no other file")
    func forms() throws {
        let workshop = try Workshop()
        let (page, json) = (workshop.path("r.html"), workshop.path("r.JSON"))
        let more = labelled + ["--max-drop", "0.005", "--report", page, "--report", json]
        let result = try build(workshop, output: workshop.path("one.eib"), with: more)
        #expect(result.status == 0, "\(result.errors)")
        let text = try text(workshop, page)
        // 534 of 540 in float (Tests/Vectors/digits/README.md).
        for fact in [
            "digits", "1.0.0", "digits_float.tflite", "98.89 %", "Accuracy drop", "budget 0.50",
            "What to look at", "Signal to noise", "Arena over time", "Confusion", "Decisions",
            "not measured",
        ] {
            #expect(text.contains(fact), "\(fact)")
        }
        #expect(MarkupCheck(text).fault == nil)
        for outside in ["<script", " src=", " href=", "url(", "@import", "http:", "https:"] {
            let known = text.replacingOccurrences(of: "http://www.w3.org/1999/xhtml", with: "")
            #expect(!known.contains(outside), "\(outside)")
        }
        let object = try JSONSerialization.jsonObject(with: Data(workshop.read(json)))
        let report = try #require(object as? [String: Any])
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(layers.allSatisfy { $0["activationBits"] as? Int == 8 && $0["histogram"] != nil })
        let deployment = try #require(report["deployment"] as? [String: Any])
        let gates = try #require(deployment["gates"] as? [[String: Any]])
        #expect(gates.map { $0["measure"] as? String } == ["accuracyDrop", "memoryBytes"])
        let arena = try #require(deployment["arena"] as? [String: Any])
        #expect(arena["lowerBoundBytes"] as? Int == (arena["liveBytes"] as? [Int])?.max())
    }

    @Test("the same build gives the same bytes")
    func deterministic() throws {
        let workshop = try Workshop()
        let names = ["a.html", "b.html", "a.json", "b.json"].map(workshop.path)
        for index in 0..<2 {
            let more = labelled + ["--report", names[index], "--report", names[index + 2]]
            let output = workshop.path("same.eib")
            #expect(try build(workshop, output: output, with: more).status == 0)
        }
        #expect(try workshop.read(names[0]) == workshop.read(names[1]))
        #expect(try workshop.read(names[2]) == workshop.read(names[3]))
    }

    @Test("a refused build has a report that says why, and no bundle")
    func refused() throws {
        let workshop = try Workshop()
        let (page, output) = (workshop.path("r.html"), workshop.path("refused.eib"))
        let more = labelled + ["--min-accuracy", "1", "--report", page]
        let result = try build(workshop, output: output, with: more)
        #expect(result.status == 6, "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: output))
        let text = try text(workshop, page)
        #expect(text.contains("Refused"))
        #expect(text.contains("below 1.0"))
        #expect(text.contains("not written"))
        #expect(MarkupCheck(text).fault == nil)
    }

    @Test("names of a model are text, whatever they hold")
    func hostileNames() throws {
        let workshop = try Workshop()
        var bytes = try workshop.read(Martlet.digits("digits_float.tflite"))
        let name = Array("functional_1/average_pooling2d_1/AvgPool".utf8)
        var hostile = Array("<script>alert('&\"')</script>]]>\u{202E}\u{1}".utf8)
        hostile += [UInt8](repeating: 0x3C, count: name.count - hostile.count)
        let place = try #require(bytes.firstRange(of: name))
        bytes.replaceSubrange(place, with: hostile)
        let model = workshop.folder.path(percentEncoded: false) + "/<b>&.tflite"
        try Data(bytes).write(to: URL(filePath: model))
        let page = workshop.path("r.html")
        let result = try build(
            workshop,
            model: model,
            output: workshop.path("h.eib"),
            with: ["--report", page]
        )
        #expect(result.status == 0, "\(result.errors)")
        let text = try text(workshop, page)
        #expect(MarkupCheck(text).fault == nil)
        #expect(text.contains("&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;"))
        #expect(text.contains("&lt;b&gt;&amp;.tflite"))
        #expect(!text.contains("<script") && !text.contains("<b>&.tflite"))
        #expect(!text.unicodeScalars.contains("\u{202E}"))
        #expect(!text.unicodeScalars.contains("\u{1}"))
    }

    @Test("latency is there when it was asked for")
    func latency() throws {
        let workshop = try Workshop()
        let page = workshop.path("r.html")
        let more = ["--report", page, "--report-latency"]
        #expect(try build(workshop, output: workshop.path("l.eib"), with: more).status == 0)
        let text = try text(workshop, page)
        #expect(text.contains("measured by running it on the building machine"))
        #expect(text.contains("no accuracy budget was asked for"))
    }

    @Test(
        "other forms, and latency without a report, are refused",
        arguments: [
            ["--report", "r.txt"], ["--report", "html"], ["--report-latency"],
        ]
    )
    func refusedOptions(options: [String]) throws {
        let workshop = try Workshop()
        let result = try build(workshop, output: workshop.path("x.eib"), with: options)
        #expect(result.status == 2)
        #expect(result.errors.contains("--report"))
    }
}

/// Whether a text is well-formed XML.
private final class MarkupCheck: NSObject, XMLParserDelegate {
    /// What is wrong; `nil` for well-formed text.
    private(set) var fault: String?

    init(_ text: String) {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        if !parser.parse() {
            fault = "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "")"
        }
    }
}
