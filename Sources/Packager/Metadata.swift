// What a bundle says to people and to audit tools, never parsed on a device: a CycloneDX 1.6
// machine-learning bill of materials, an in-toto statement with SLSA provenance, metrics and a
// card. All of it is deterministic: the same facts give the same bytes.

import Foundation

/// The facts from which a bundle's metadata files are written.
public struct BundleFacts: Sendable {
    /// A file that went into the bundle.
    public struct Material: Sendable {
        /// What it was used as: `model`, `validation-inputs`, `validation-labels`.
        public var role: String
        /// The file's name without folders.
        public var name: String
        /// SHA-256 of its content, in hexadecimal.
        public var sha256: String

        /// Makes a description of a file.
        public init(role: String, name: String, sha256: String) {
            self.role = role
            self.name = name
            self.sha256 = sha256
        }
    }

    /// The product's name and version.
    public var name: String, version: String
    /// The content id in hexadecimal.
    public var contentID: String
    /// The name and version of the tool, and of the compressor.
    public var toolVersion: String
    /// The options that influenced the bytes.
    public var options: [String: String]
    /// The files that went in.
    public var materials: [Material]
    /// Operators and how often each occurs.
    public var operators: [String: Int]
    /// Measured numbers, such as `accuracy`.
    public var metrics: [String: Double]
    /// The licence of the model as an SPDX expression, when it is known.
    public var licence: String?

    /// Collects the facts.
    public init(
        name: String,
        version: String,
        contentID: String,
        toolVersion: String,
        options: [String: String],
        materials: [Material],
        operators: [String: Int],
        metrics: [String: Double],
        licence: String?
    ) {
        self.name = name
        self.version = version
        self.contentID = contentID
        self.toolVersion = toolVersion
        self.options = options
        self.materials = materials
        self.operators = operators
        self.metrics = metrics
        self.licence = licence
    }

    /// The version of the zstd library that compresses bundles.
    public static var compressorVersion: String { ZstdEncoder.version }
}

/// Writes the metadata files of a bundle.
public enum MetadataWriter {
    /// All four files, named as they are packed.
    ///
    /// - Throws: An error of the JSON encoder for numbers that are not finite.
    public static func files(_ facts: BundleFacts) throws -> [MetadataFile] {
        [
            try MetadataFile(name: "bom.cdx.json", json: billOfMaterials(facts)),
            MetadataFile(name: "card.md", bytes: [UInt8](card(facts).utf8)),
            try MetadataFile(name: "metrics.json", json: metrics(facts)),
            try MetadataFile(name: "provenance.intoto.json", json: provenance(facts)),
        ]
    }

    /// CycloneDX 1.6: the model as a component with its card, the inputs as its data.
    private static func billOfMaterials(_ facts: BundleFacts) -> JSONValue {
        let data = facts.materials.filter { $0.role != "model" }
        var component: [String: JSONValue] = [
            "type": "machine-learning-model",
            "bom-ref": .string("model:\(facts.contentID)"),
            "name": .string(facts.name),
            "version": .string(facts.version),
            "hashes": .array([hash(facts.contentID, algorithm: "BLAKE2b-256")]),
            "modelCard": [
                "modelParameters": [
                    "task": "inference",
                    "datasets": .array(data.map { ["ref": .string("data:\($0.sha256)")] }),
                ],
                "quantitativeAnalysis": [
                    "performanceMetrics": .array(
                        facts.metrics.sorted { $0.key < $1.key }.map {
                            ["type": .string($0.key), "value": .string(String($0.value))]
                        }
                    )
                ],
            ],
        ]
        if let licence = facts.licence {
            component["licenses"] = .array([["expression": .string(licence)]])
        }
        return [
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": .string("urn:uuid:\(uuid(facts.contentID))"),
            "version": .integer(1),
            "metadata": [
                "tools": [
                    "components": .array([
                        [
                            "type": "application", "name": "martlet",
                            "version": .string(facts.toolVersion),
                        ]
                    ])
                ],
                "component": .object(component),
            ],
            "components": .array(facts.materials.map(material)),
        ]
    }

    private static func material(_ material: BundleFacts.Material) -> JSONValue {
        let isModel = material.role == "model"
        return [
            "type": isModel ? "file" : "data",
            "bom-ref": .string((isModel ? "source:" : "data:") + material.sha256),
            "name": .string(material.name),
            "description": .string(material.role),
            "hashes": .array([hash(material.sha256, algorithm: "SHA-256")]),
        ]
    }

    private static func hash(_ content: String, algorithm: String) -> JSONValue {
        ["alg": .string(algorithm), "content": .string(content)]
    }

    /// A version-8 UUID (RFC 9562) of the content id, so that the same content has the same number.
    private static func uuid(_ contentID: String) -> String {
        var digits = Array(contentID.padding(toLength: 32, withPad: "0", startingAt: 0))
        digits[12] = "8"
        digits[16] = "8"
        let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return cuts.map { String(digits[$0]) }.joined(separator: "-")
    }

    /// An in-toto statement, version 1, with a SLSA provenance predicate, version 1.
    private static func provenance(_ facts: BundleFacts) -> JSONValue {
        [
            "_type": "https://in-toto.io/Statement/v1",
            "subject": .array([
                [
                    "name": .string("\(facts.name)-\(facts.version)"),
                    "digest": ["blake2b256": .string(facts.contentID)],
                ]
            ]),
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": [
                "buildDefinition": [
                    "buildType": "urn:martlet:build:1",
                    "externalParameters": .object(facts.options.mapValues { .string($0) }),
                    "internalParameters": [
                        "compressor": .string("zstd \(BundleFacts.compressorVersion)")
                    ],
                    "resolvedDependencies": .array(
                        facts.materials.map {
                            [
                                "name": .string("\($0.role): \($0.name)"),
                                "digest": ["sha256": .string($0.sha256)],
                            ]
                        }
                    ),
                ],
                "runDetails": [
                    "builder": [
                        "id": "urn:martlet:packager",
                        "version": ["martlet": .string(facts.toolVersion)],
                    ]
                ],
            ],
        ]
    }

    private static func metrics(_ facts: BundleFacts) -> JSONValue {
        [
            "metrics": .object(facts.metrics.mapValues { .number($0) }),
            "operators": .object(facts.operators.mapValues { .integer($0) }),
        ]
    }

    private static func card(_ facts: BundleFacts) -> String {
        let lines =
            [
                "# \(facts.name) \(facts.version)", "",
                "Content id `\(facts.contentID)`, licence \(facts.licence ?? "not stated").", "",
                "| input | file | SHA-256 |", "|---|---|---|",
            ]
            + facts.materials.map { "| \($0.role) | \($0.name) | `\($0.sha256)` |" }
            + ["", "| metric | value |", "|---|---|"]
            + facts.metrics.sorted { $0.key < $1.key }.map { "| \($0.key) | \($0.value) |" }
        return lines.joined(separator: "\n") + "\n"
    }
}
