"""The icons that people may choose for objects, fields and roles, by the names that the APIs keep."""

_NAMES = """
Box Building BuildingSkyscraper BuildingStore BuildingFactory Home2 Briefcase User Users AddressBook Target TargetArrow
Package Truck Car Plane Ship Rocket Tool Hammer Cpu DeviceLaptop DeviceMobile Server Cloud Database File FileText
Folder Clipboard ClipboardList Notes Note Checkbox Calendar Clock Mail Phone Message MapPin World Flag Star Heart
Tag Tags Bookmark Coin Cash CreditCard Receipt ShoppingCart Wallet Scale Gavel School Certificate Award Trophy Gift
Leaf Plant Tree Paw Flame Bolt Bulb Sun Moon Umbrella Anchor Compass Road Train Bus Bed Key Lock Shield Puzzle Palette
Camera Music Book Code Api Webhook Robot ChartBar ChartLine Hash Link Paperclip Writing
"""

CHOICES = tuple(f"Icon{name}" for name in _NAMES.split())
