import Testing

@Suite("Imports point downwards")
struct ImportTests {
    /// What each target may import, besides the standard library (the README's map).
    static let allowed: [String: Set<String>] = [
        "InferenceRuntime": ["CKernels"],
        "BundleFormat": ["CSodium", "CZstd"],
        "Telemetry": [],
        "AgentProtocol": ["CPlatform"],
        "BootControl": [],
        "martletd": [
            "AgentProtocol", "BootControl", "InferenceRuntime", "BundleFormat", "Telemetry",
            "CPlatform",
        ],
        "ModelGraph": ["Glibc"],
        "ModelImport": ["ModelGraph", "SwiftProtobuf", "Foundation", "FoundationEssentials"],
        "Quantizer": [
            "ModelGraph", "Synchronization", "Foundation", "FoundationEssentials", "Glibc",
        ],
        "Planner": [
            "ModelGraph", "InferenceRuntime", "Foundation", "FoundationEssentials", "Glibc",
        ],
        "Packager": [
            "BundleFormat", "CArchive", "CSodium", "CZstd", "Foundation", "FoundationEssentials",
            "Glibc",
        ],
        "Firmware": [
            "AgentProtocol", "BootControl", "BundleFormat", "Telemetry", "CArchive", "CBlock",
            "CSodium", "Dispatch", "Synchronization", "Yams", "Foundation", "FoundationEssentials",
            "Glibc",
        ],
        "Terminal": ["ArgumentParser", "Foundation", "FoundationEssentials"],
        "martlet-collector": [
            "Telemetry", "Terminal", "BundleFormat", "ArgumentParser", "Configuration", "GRDB",
            "Hummingbird",
            "HTTPTypes", "Logging", "Metrics", "CoreMetrics", "NIOCore", "NIOPosix",
            "ServiceLifecycle", "Synchronization", "SystemPackage", "Foundation",
            "FoundationEssentials", "Glibc", "Dispatch",
        ],
        "martlet": [
            "ModelGraph", "ModelImport", "Quantizer", "Planner", "Packager", "Firmware",
            "AgentProtocol", "BundleFormat", "InferenceRuntime", "Telemetry", "Terminal",
            "ArgumentParser", "Yams", "Foundation", "FoundationEssentials", "Glibc",
        ],
    ]

    @Test("a target imports only what its row of the map names", arguments: SourceTree.swiftSources)
    func targetImports(file: SourceFile) throws {
        let allowed = try #require(Self.allowed[file.target], "\(file.target) is not on the map")
        for module in file.imports {
            #expect(allowed.contains(module), "\(file.path) imports \(module)")
        }
    }

    @Test(
        "each C library is called from one place a direction",
        arguments: [
            ("CSodium", "BundleFormat/Sodium"), ("CZstd", "BundleFormat/Zstd"),
            ("CArchive", "Packager/Archive"), ("CSodium", "Packager/Signing"),
            ("CZstd", "Packager/Zstd"), ("CPlatform", "martletd/"),
            ("CSodium", "Firmware/Image/Digest"), ("CBlock", "Firmware/Flash/OpenFile"),
            ("CArchive", "Firmware/Initramfs/Archive"),
            ("CPlatform", "AgentProtocol/Connection"), ("CKernels", "InferenceRuntime/"),
        ]
    )
    func cLibraryDoors(module: String, door: String) {
        let target = door.split(separator: "/")[0]
        for file in SourceTree.swiftSources where file.target == target {
            guard file.imports.contains(module) else { continue }
            #expect(file.path.hasPrefix("Sources/\(door)"), "\(file.path) imports \(module)")
        }
    }

    @Test("release secret keys are named in the signing files only")
    func secretKeys() {
        for file in SourceTree.swiftSources where !file.path.hasPrefix("Sources/Packager/Signing") {
            for (index, line) in file.lines.enumerated() where line.contains("ReleaseSecretKey") {
                Issue.record("\(file.path):\(index + 1) names a release secret key")
            }
        }
    }

    @Test("device-safe sources hold no construct that Embedded Swift refuses")
    func deviceSafety() {
        let deviceSafe: Set = [
            "InferenceRuntime", "BundleFormat", "Telemetry", "AgentProtocol", "BootControl",
            "martletd",
        ]
        for file in SourceTree.swiftSources where deviceSafe.contains(file.target) {
            for (index, line) in file.lines.enumerated() {
                let code = line.split(
                    separator: "//",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                let text = String(code.first ?? "")
                for construct in [": any ", "String(describing:", "Mirror(", "\\.self", "Codable"]
                where text.contains(construct) {
                    Issue.record("\(file.path):\(index + 1) uses \(construct)")
                }
            }
        }
    }
}
