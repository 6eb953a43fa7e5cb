// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: explicit imports, explicit existentials, no warnings.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// Settings of the device-safe targets, which compile as ordinary and as Embedded Swift.
let deviceSafe: [SwiftSetting] = strict + [.strictMemorySafety()]

/// Kernels are compiled for speed in debug builds too: at `-O0` a test of a real model takes minutes.
let kernelFlags: [CSetting] = [
    .unsafeFlags(["-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror"])
]

/// The reference interpreter is slow without optimisation: in debug builds too it takes minutes.
let interpreterFlags: [SwiftSetting] = [
    .unsafeFlags(["-O"], .when(configuration: .debug))
]

let platformFlags: [CSetting] = [
    .define("_GNU_SOURCE"),
    .unsafeFlags(["-Os", "-Wall", "-Wextra", "-Wconversion", "-Werror"]),
]

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .executable(name: "martletd", targets: ["martletd"]),
        .executable(name: "martlet-collector", targets: ["martlet-collector"]),
        // For the packages in tools/, which fuzz and measure.
        .library(
            name: "MartletParts",
            targets: [
                "InferenceRuntime", "BundleFormat", "Telemetry", "AgentProtocol", "BootControl",
                "ModelGraph", "ModelImport", "Quantizer", "Planner", "Packager", "Firmware",
            ]
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        // Device-safe.
        .target(name: "CKernels", cSettings: kernelFlags),
        .target(name: "CPlatform", cSettings: platformFlags),
        .systemLibrary(name: "CSodium"),
        .systemLibrary(name: "CZstd"),
        .target(
            name: "InferenceRuntime",
            dependencies: ["CKernels"],
            swiftSettings: deviceSafe
        ),
        .target(
            name: "BundleFormat",
            dependencies: ["CSodium", "CZstd"],
            swiftSettings: deviceSafe
        ),
        .target(name: "Telemetry", swiftSettings: deviceSafe),
        .target(name: "AgentProtocol", dependencies: ["CPlatform"], swiftSettings: deviceSafe),
        .target(name: "BootControl", swiftSettings: deviceSafe),
        .executableTarget(
            name: "martletd",
            dependencies: [
                "AgentProtocol", "BootControl", "InferenceRuntime", "BundleFormat", "Telemetry",
                "CPlatform",
            ],
            swiftSettings: deviceSafe
        ),

        // Host.
        .systemLibrary(name: "CArchive"),
        .systemLibrary(name: "CBlock"),
        .target(name: "ModelGraph", swiftSettings: strict),
        .target(
            name: "ModelImport",
            dependencies: [
                "ModelGraph",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Quantizer",
            dependencies: ["ModelGraph"],
            swiftSettings: strict + interpreterFlags
        ),
        .target(
            name: "Planner",
            dependencies: ["ModelGraph", "InferenceRuntime"],
            swiftSettings: strict
        ),
        .target(
            name: "Packager",
            dependencies: ["BundleFormat", "CArchive", "CSodium", "CZstd"],
            swiftSettings: strict
        ),
        .target(
            name: "Firmware",
            dependencies: [
                "AgentProtocol", "BootControl", "BundleFormat", "Telemetry", "CArchive", "CBlock",
                "CSodium",
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Terminal",
            dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "martlet-collector",
            dependencies: [
                "Telemetry", "BundleFormat", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Resources")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "ModelGraph", "ModelImport", "Quantizer", "Planner", "Packager", "Firmware",
                "AgentProtocol", "BundleFormat", "InferenceRuntime", "Telemetry", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),

        // Tests.
        .testTarget(name: "CPlatformTests", dependencies: ["CPlatform"], swiftSettings: strict),
        .testTarget(
            name: "InferenceRuntimeTests",
            dependencies: ["InferenceRuntime"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BundleFormatTests",
            dependencies: ["BundleFormat", "Packager"],
            swiftSettings: strict
        ),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: strict),
        .testTarget(name: "ModelGraphTests", dependencies: ["ModelGraph"], swiftSettings: strict),
        .testTarget(
            name: "ModelImportTests",
            dependencies: ["ModelImport", "ModelGraph", "Quantizer"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "QuantizerTests",
            dependencies: ["Quantizer", "ModelGraph", "ModelImport", "InferenceRuntime"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PlannerTests",
            dependencies: ["Planner", "InferenceRuntime", "ModelGraph", "ModelImport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PackagerTests",
            dependencies: ["Packager", "BundleFormat"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "AgentTests",
            dependencies: [
                "martletd", "AgentProtocol", "CPlatform", "InferenceRuntime", "BundleFormat",
                "Telemetry",
                "ModelGraph", "ModelImport", "Planner", "Packager",
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "BootControlTests", dependencies: ["BootControl"], swiftSettings: strict),
        .testTarget(
            name: "FirmwareTests",
            dependencies: ["Firmware", "BootControl", "BundleFormat", "Packager"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CollectorTests",
            dependencies: [
                "martlet-collector", "Telemetry", "BundleFormat", "Terminal",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["martlet", "martletd", "AgentProtocol", "InferenceRuntime"],
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
