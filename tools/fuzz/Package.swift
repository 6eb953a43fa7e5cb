// swift-tools-version: 6.2
import PackageDescription

// One program with all fuzz targets; tools/fuzz/run builds it with libFuzzer's instrumentation.
let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "martlet", path: "../..")],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: [.product(name: "MartletParts", package: "martlet")]
        )
    ],
    swiftLanguageModes: [.v6]
)
