import Testing

@testable import AgentProtocol

@Suite("What init reads")
struct SystemSettingsTests {
    static let whole = """
        disk gpt 0f3c0000111182228333444455556666
        config 5 vfat
        data 6 ext4 /var/lib/martlet
        root-a 7 squashfs
        root-b 8 squashfs
        boot-control uboot-environment 2 16384 0 65536
        tries 3
        confirm serving

        """

    static func fault(_ text: String) -> String? {
        do throws(ConfigurationFault) {
            _ = try SystemSettings.parse([UInt8](text.utf8))
            return nil
        } catch {
            return "\(error.line): \(error.what)"
        }
    }

    @Test("every key of system.conf has its value")
    func system() throws {
        let settings = try SystemSettings.parse([UInt8](Self.whole.utf8))
        #expect(
            settings.disk
                == .gpt([
                    0x0F, 0x3C, 0, 0, 17, 17, 0x82, 0x22, 0x83, 0x33, 68, 68, 85, 85, 102, 102,
                ])
        )
        #expect(settings.config == .init(number: 5, type: [UInt8]("vfat".utf8)))
        #expect(settings.data == .init(number: 6, type: [UInt8]("ext4".utf8)))
        #expect(settings.dataPath.text == [UInt8]("/var/lib/martlet".utf8))
        #expect(settings.roots?.b.number == 8)
        #expect(
            settings.bootControl
                == .uboot(partition: 2, sizeBytes: 16_384, first: 0, second: 65_536)
        )
        #expect(settings.tries == 3)
        #expect(settings.confirm == .serving)
    }

    @Test(
        "the other forms of boot-control are read",
        arguments: [
            ("none", .none),
            ("grub-environment 1 martlet/grubenv", .grub(partition: 1, path: "martlet/grubenv")),
            ("raspberry-tryboot 1 autoboot.txt", .tryboot(partition: 1, path: "autoboot.txt")),
        ] as [(String, Place)]
    )
    func places(text: String, place: Place) throws {
        let lines = Self.whole.replacing("uboot-environment 2 16384 0 65536", with: text)
        let settings = try SystemSettings.parse([UInt8](lines.utf8))
        #expect(settings.bootControl == place.value)
    }

    /// A place with its path as text.
    enum Place: Sendable {
        case none
        case grub(partition: UInt64, path: String)
        case tryboot(partition: UInt64, path: String)

        var value: SystemSettings.BootControlPlace {
            switch self {
            case .none: .none
            case .grub(let number, let path): .grub(partition: number, path: [UInt8](path.utf8))
            case .tryboot(let number, let path):
                .tryboot(partition: number, path: [UInt8](path.utf8))
            }
        }
    }

    @Test(
        "a slip in system.conf is told with its line",
        arguments: [
            ("tries 3\n", "tries 0\n", "7: the number is out of its range"),
            ("tries 3\n", "tries 10\n", "7: the number is out of its range"),
            ("tries 3\n", "tries 3\ntries 3\n", "8: a key is repeated"),
            ("tries 3\n", "attempts 3\n", "7: unknown key"),
            (
                "tries 3\n", "",
                "7: disk, config, data, boot-control, tries and confirm are all needed"
            ),
            ("root-b 8 squashfs\n", "", "7: root-a and root-b need each other"),
            ("config 5 vfat", "config 0 vfat", "2: the number is out of its range"),
            ("config 5 vfat", "config 129 vfat", "2: the number is out of its range"),
            ("config 5 vfat", "config 5 nfs", "2: a file system is vfat, ext4 or squashfs"),
            ("config 5 vfat", "config 5", "2: the value has too few or too many words"),
            ("/var/lib/martlet", "/var/../etc", "3: a folder is an absolute path"),
            ("/var/lib/martlet", "var", "3: a folder is an absolute path"),
            ("/var/lib/martlet", "/", "3: a folder is an absolute path"),
            ("gpt 0f", "gpt 0F", "1: a disk's identity is 32 digits with gpt, 8 with mbr"),
            ("gpt 0f3c", "gpt 0f3", "1: a disk's identity is 32 digits with gpt, 8 with mbr"),
            ("gpt ", "mbr ", "1: a disk's identity is 32 digits with gpt, 8 with mbr"),
            ("gpt ", "bsd ", "1: a disk is told by gpt or mbr"),
            ("16384 0 65536", "16384 0 16383", "6: the two copies overlap"),
            ("16384 0 65536", "127 0 65536", "6: the number is out of its range"),
            ("16384 0 65536", "16384 0 1099511627777", "6: the number is out of its range"),
            ("16384 0 65536", "16384 0", "6: unknown form of boot-control"),
            (
                "uboot-environment 2 16384 0 65536", "grub-environment 1 ../x",
                "6: this is not a path below the partition's root"
            ),
            (
                "uboot-environment 2 16384 0 65536", "grub-environment 1 /x",
                "6: this is not a path below the partition's root"
            ),
            (
                "uboot-environment 2 16384 0 65536", "lilo 1 x",
                "6: unknown kind of boot-control"
            ),
            ("confirm serving", "confirm always", "8: confirm is serving or reported"),
            (
                "confirm serving", "confirm  serving",
                "8: a line must be a key, one space and a value"
            ),
        ]
    )
    func refused(part: String, replacement: String, fault: String) {
        #expect(Self.fault(Self.whole.replacing(part, with: replacement)) == fault)
    }

    @Test("a text that is too long is refused")
    func tooLong() {
        let comment = "#" + String(repeating: "x", count: 4_094) + "\n"
        #expect(Self.fault(comment + Self.whole) == "0: the text is too long")
    }
}

@Suite("What a device is told")
struct DeviceSettingsTests {
    static func parse(_ text: String) throws(ConfigurationFault) -> DeviceSettings {
        try DeviceSettings.parse([UInt8](text.utf8))
    }

    static func fault(_ text: String) -> String? {
        do throws(ConfigurationFault) {
            _ = try parse(text)
            return nil
        } catch {
            return "\(error.line): \(error.what)"
        }
    }

    @Test("a static network has its numbers, and services their words")
    func fixed() throws {
        let settings = try Self.parse(
            """
            # A pump.
            hostname pump-7
            interface eth0
            network static 10.0.2.15/24
            gateway 10.0.2.2
            dns 255.255.255.255
            service /bin/probe --once 1
            service /bin/other

            """
        )
        #expect(settings.hostname == [UInt8]("pump-7".utf8))
        #expect(settings.interface == Path([UInt8]("eth0".utf8)))
        #expect(
            settings.network
                == .fixed(
                    address: 0x0A00_020F,
                    prefix: 24,
                    gateway: 0x0A00_0202,
                    dns: 0xFFFF_FFFF
                )
        )
        let words = settings.services.map { $0.map { String(decoding: $0, as: UTF8.self) } }
        #expect(words == [["/bin/probe", "--once", "1"], ["/bin/other"]])
    }

    @Test("dhcp needs an interface and none needs nothing")
    func others() throws {
        #expect(try Self.parse("hostname a\ninterface e\nnetwork dhcp\n").network == .dhcp)
        #expect(try Self.parse("hostname a\nnetwork none\n").interface == nil)
    }

    @Test(
        "a slip in device.conf is told with its line",
        arguments: [
            ("hostname a\n", "1: hostname and network are needed"),
            ("hostname a\nnetwork dhcp\n", "2: a network needs its interface"),
            ("hostname -a\n", "1: a host name is 1 to 63 letters, digits and inner hyphens"),
            ("hostname a.b\n", "1: a host name is 1 to 63 letters, digits and inner hyphens"),
            ("interface ..\n", "1: this is not a network interface's name"),
            ("interface a/b\n", "1: this is not a network interface's name"),
            ("interface abcdefghijklmnop\n", "1: this is not a network interface's name"),
            ("network static 1.2.3/24\n", "1: an address is A.B.C.D"),
            ("network static 1.2.3.256/24\n", "1: the number is out of its range"),
            ("network static 1.2.3.04/24\n", "1: this is not a decimal number"),
            ("network static 1.2.3.4/33\n", "1: the number is out of its range"),
            ("network static 1.2.3.4\n", "1: a network is none, dhcp or static A.B.C.D/PREFIX"),
            ("network fixed 1.2.3.4/8\n", "1: a network is none, dhcp or static A.B.C.D/PREFIX"),
            (
                "hostname a\ninterface e\nnetwork dhcp\ngateway 1.2.3.4\n",
                "4: gateway and dns belong to a static network"
            ),
            ("service probe\n", "1: a service begins with its program's absolute path"),
            ("service /probe  x\n", "1: words must have one space between them"),
            ("service /probe\tx\n", "1: a line holds a control character"),
            (
                String(repeating: "service /probe\n", count: 9),
                "9: there are at most 8 services"
            ),
        ]
    )
    func refused(text: String, fault: String) {
        #expect(Self.fault(text) == fault)
    }
}
